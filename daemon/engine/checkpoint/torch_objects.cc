#include "daemon/engine/checkpoint/torch_objects.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/checkpoint/byte_reader.h"

namespace dynofa::engine::checkpoint {
namespace {

constexpr std::string_view kOrderedDict = "collections.OrderedDict";
constexpr std::string_view kRebuildTensor = "torch._utils._rebuild_tensor_v2";
constexpr std::string_view kRebuildParameter = "torch._utils._rebuild_parameter";
constexpr std::size_t kMaxRank = 8;

constexpr std::array<std::string_view, 8> kGlobals = {
    kOrderedDict,          kRebuildTensor,      kRebuildParameter,  "torch.FloatStorage",
    "torch.DoubleStorage", "torch.LongStorage", "torch.IntStorage", "torch.ByteStorage",
};

std::optional<SafetensorsType> TypeOf(const Value& storage_class) {
  if (storage_class.kind != Value::Kind::kGlobal) return std::nullopt;
  if (storage_class.text == "torch.FloatStorage") return SafetensorsType::kF32;
  if (storage_class.text == "torch.DoubleStorage") return SafetensorsType::kF64;
  if (storage_class.text == "torch.LongStorage") return SafetensorsType::kI64;
  if (storage_class.text == "torch.IntStorage") return SafetensorsType::kI32;
  if (storage_class.text == "torch.ByteStorage") return SafetensorsType::kU8;
  return std::nullopt;
}

absl::Status Error(std::string_view what) { return absl::InvalidArgumentError(std::string(what)); }

struct StorageReference {
  std::string_view key;
  Storage storage;
};

// ("storage", class, key, location, count[, None]); the last one in the older format only.
absl::StatusOr<StorageReference> ReadReference(const Value& persistent) {
  const Value& id = *persistent.items[0];
  const bool right_size = id.IsTuple() && (id.items.size() == 5 || id.items.size() == 6);
  if (!right_size || id.items[0]->text != "storage" || !id.items[2]->IsText() ||
      !id.items[4]->IsInteger()) {
    return Error("refers to something that is no storage");
  }
  if (id.items.size() == 6 && id.items[5]->kind != Value::Kind::kNone) {
    return Error("has a storage that is a view of another one; save the tensors with clone()");
  }
  const std::optional<SafetensorsType> type = TypeOf(*id.items[1]);
  if (!type) return Error("has a storage of no known type");
  StorageReference reference{id.items[2]->text, {*type, id.items[4]->integer, {}}};
  constexpr std::int64_t kMaxCount = StateDict::kMaxFile;
  if (reference.storage.count < 0 || reference.storage.count > kMaxCount) {
    return Error(base::StrCat("storage ", Quoted(reference.key), " claims ",
                              reference.storage.count, " elements"));
  }
  return reference;
}

bool IsDictionary(const Value& value) {
  return value.kind == Value::Kind::kDict || value.IsCallOf(kOrderedDict);
}

// Keys and values in turns.
absl::StatusOr<std::span<const Value* const>> DictionaryItems(const Value& value) {
  const std::span<const Value* const> items(value.items);
  if (value.kind == Value::Kind::kDict) return items;
  if (!value.IsCallOf(kOrderedDict)) return Error("is no dictionary");
  if (!value.arguments().empty()) return Error("has an OrderedDict that is not made empty");
  return items.subspan(2);
}

absl::StatusOr<std::vector<std::int64_t>> ReadExtents(const Value& value, std::string_view what) {
  if (!value.IsTuple() || value.items.size() > kMaxRank) {
    return Error(base::StrCat("has no ", what, " of at most ", kMaxRank, " numbers"));
  }
  std::vector<std::int64_t> extents;
  for (const Value* item : value.items) {
    if (!item->IsInteger() || item->integer < 0) {
      return Error(base::StrCat("has a ", what, " with something that is no size"));
    }
    extents.push_back(item->integer);
  }
  return extents;
}

// Checks that the elements lie within `available` ones, the first of which is the tensor's first.
absl::Status CheckExtent(const TensorView& tensor, std::int64_t available) {
  std::int64_t count = 1;
  std::int64_t last = 0;
  for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
    std::int64_t reach = 0;
    if (__builtin_mul_overflow(count, tensor.shape[i], &count) ||
        __builtin_mul_overflow(std::max<std::int64_t>(tensor.shape[i] - 1, 0), tensor.strides[i],
                               &reach) ||
        __builtin_add_overflow(last, reach, &last)) {
      return Error("has a shape or strides that overflow");
    }
  }
  if (count == 0) return absl::OkStatus();
  if (last >= available) {
    return Error(base::StrCat("reaches element ", last, " of ", available, " in its storage"));
  }
  // Elements that are repeated would make a small file large.
  if (count > available) {
    return Error("repeats elements of its storage; save the tensors with contiguous()");
  }
  return absl::OkStatus();
}

// _rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks)
absl::StatusOr<TensorView> RebuildTensor(const Value& call, const Storages& storages) {
  const std::vector<const Value*>& arguments = call.arguments();
  if (arguments.size() != 6 || arguments[0]->kind != Value::Kind::kPersistent ||
      !arguments[1]->IsInteger()) {
    return Error("is made from other arguments than storage, offset, shape and strides");
  }
  DYNOFA_ASSIGN_OR_RETURN(const StorageReference reference, ReadReference(*arguments[0]));
  const Storage& storage = storages.at(reference.key);
  const std::int64_t offset = arguments[1]->integer;
  if (offset < 0 || offset > storage.count) {
    return Error(base::StrCat("begins at element ", offset, " of ", storage.count));
  }
  TensorView tensor{.type = storage.type};
  DYNOFA_ASSIGN_OR_RETURN(tensor.shape, ReadExtents(*arguments[2], "shape"));
  DYNOFA_ASSIGN_OR_RETURN(tensor.strides, ReadExtents(*arguments[3], "list of strides"));
  if (tensor.shape.size() != tensor.strides.size()) return Error("has not one stride per extent");
  DYNOFA_RETURN_IF_ERROR(CheckExtent(tensor, storage.count - offset));
  tensor.bytes =
      storage.bytes.subspan(static_cast<std::size_t>(offset * ElementBytes(tensor.type)));
  return tensor;
}

absl::StatusOr<TensorView> ReadTensor(const Value& value, const Storages& storages) {
  if (value.IsCallOf(kRebuildTensor)) return RebuildTensor(value, storages);
  // _rebuild_parameter(tensor, requires_grad, hooks)
  if (value.IsCallOf(kRebuildParameter) && !value.arguments().empty() &&
      value.arguments()[0]->IsCallOf(kRebuildTensor)) {
    return RebuildTensor(*value.arguments()[0], storages);
  }
  return Error("is no tensor");
}

absl::StatusOr<const Value*> FindStateDict(const Value& root) {
  DYNOFA_ASSIGN_OR_RETURN(const auto items, DictionaryItems(root));
  for (std::size_t i = 0; i < items.size(); i += 2) {
    if (items[i]->text == "state_dict" && IsDictionary(*items[i + 1])) return items[i + 1];
  }
  return &root;
}

}  // namespace

std::span<const std::string_view> TorchGlobals() { return kGlobals; }

absl::StatusOr<Storages> DeclaredStorages(const Pickle& pickle) {
  Storages storages;
  for (const Value* persistent : pickle.persistent()) {
    DYNOFA_ASSIGN_OR_RETURN(const StorageReference reference, ReadReference(*persistent));
    const auto [found, is_new] = storages.emplace(reference.key, reference.storage);
    if (!is_new && (found->second.type != reference.storage.type ||
                    found->second.count != reference.storage.count)) {
      return Error(base::StrCat("describes storage ", Quoted(reference.key), " in two ways"));
    }
  }
  return storages;
}

absl::StatusOr<StateDict::Tensors> ReadTensors(const Value& root, const Storages& storages) {
  DYNOFA_ASSIGN_OR_RETURN(const Value* dictionary, FindStateDict(root));
  DYNOFA_ASSIGN_OR_RETURN(const auto items, DictionaryItems(*dictionary));
  StateDict::Tensors tensors;
  for (std::size_t i = 0; i < items.size(); i += 2) {
    if (!items[i]->IsText()) return Error("the state dict has a key that is no text");
    const std::string_view key = items[i]->text;
    absl::StatusOr<TensorView> tensor = ReadTensor(*items[i + 1], storages);
    if (!tensor.ok()) {
      return base::Annotate(tensor.status(), base::StrCat("entry ", Quoted(key)));
    }
    if (!tensors.emplace(key, *std::move(tensor)).second) {
      return Error(base::StrCat("entry ", Quoted(key), " is there twice"));
    }
  }
  return tensors;
}

}  // namespace dynofa::engine::checkpoint
