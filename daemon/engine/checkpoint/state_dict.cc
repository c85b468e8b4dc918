#include "daemon/engine/checkpoint/state_dict.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/checkpoint/byte_reader.h"
#include "daemon/engine/checkpoint/torch_objects.h"
#include "daemon/engine/checkpoint/zip.h"
#include "daemon/engine/files.h"

namespace dynofa::engine::checkpoint {
namespace {

using Bytes = std::span<const std::byte>;
using Tensors = StateDict::Tensors;

constexpr std::string_view kZipMagic = "PK\x03\x04";
// The first of the five pickles: the number 0x1950a86a20f9469cfc6c.
constexpr std::string_view kLegacyMagic = "\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19.";
constexpr std::int64_t kLegacyProtocol = 1001;

absl::Status Error(std::string_view what) { return absl::InvalidArgumentError(std::string(what)); }

bool StartsWith(Bytes contents, std::string_view magic) {
  return contents.size() >= magic.size() &&
         std::memcmp(contents.data(), magic.data(), magic.size()) == 0;
}

// Their number, which is known not to overflow.
std::int64_t Elements(const std::vector<std::int64_t>& shape) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) count *= extent;
  return count;
}

// Row-major strides of `shape`.
std::vector<std::int64_t> DenseStrides(const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> strides(shape.size());
  if (Elements(shape) == 0) return strides;  // where a product of the others may overflow
  std::int64_t stride = 1;
  for (std::size_t i = shape.size(); i > 0; --i) {
    strides[i - 1] = stride;
    stride *= shape[i - 1];
  }
  return strides;
}

// The next of the pickles that stand one after the other.
absl::StatusOr<Pickle> NextPickle(Bytes contents, std::size_t& position) {
  absl::StatusOr<Pickle> pickle = Pickle::Parse(contents.subspan(position), TorchGlobals());
  if (!pickle.ok()) {
    return base::Annotate(pickle.status(), base::StrCat("behind byte ", position));
  }
  position += pickle->length();
  return pickle;
}

absl::Status CheckSystem(const Value& system) {
  for (std::size_t i = 0; system.kind == Value::Kind::kDict && i < system.items.size(); i += 2) {
    if (system.items[i]->text != "little_endian") continue;
    if (system.items[i + 1]->integer == 1) return absl::OkStatus();
  }
  return Error("was not written on a little-endian machine");
}

// Gives each storage its bytes: they stand in the order of `keys`, each behind its element count.
absl::Status PlaceStorages(const Value& keys, Bytes data, Storages& storages) {
  if (keys.kind != Value::Kind::kList) return Error("has no list of storages");
  ByteReader reader(data);
  std::set<std::string_view> placed;
  for (const Value* key : keys.items) {
    const auto found = storages.find(key->text);
    if (found == storages.end() || !placed.insert(key->text).second) {
      return Error(base::StrCat("has storage ", Quoted(key->text), " without use or twice"));
    }
    Storage& storage = found->second;
    DYNOFA_ASSIGN_OR_RETURN(const auto count, reader.Take<std::int64_t>());
    if (count != storage.count) {
      return Error(base::StrCat("storage ", Quoted(key->text), " has ", count, " elements, not ",
                                storage.count));
    }
    const absl::StatusOr<Bytes> bytes =
        reader.TakeBytes(static_cast<std::uint64_t>(storage.byte_count()));
    if (!bytes.ok()) {
      return base::Annotate(bytes.status(), base::StrCat("storage ", Quoted(key->text)));
    }
    storage.bytes = *bytes;
  }
  if (placed.size() != storages.size()) return Error("refers to a storage that is not there");
  if (reader.remaining() != 0) {
    return Error(base::StrCat("has ", reader.remaining(), " bytes behind the last storage"));
  }
  return absl::OkStatus();
}

// Five pickles, one after the other: magic number, protocol, system, object, storage keys. The
// storages follow.
absl::StatusOr<Tensors> ReadLegacy(Bytes contents) {
  std::size_t position = kLegacyMagic.size();
  DYNOFA_ASSIGN_OR_RETURN(const Pickle protocol, NextPickle(contents, position));
  if (protocol.root().integer != kLegacyProtocol) return Error("is of an unknown protocol");
  DYNOFA_ASSIGN_OR_RETURN(const Pickle system, NextPickle(contents, position));
  DYNOFA_RETURN_IF_ERROR(CheckSystem(system.root()));
  DYNOFA_ASSIGN_OR_RETURN(const Pickle object, NextPickle(contents, position));
  DYNOFA_ASSIGN_OR_RETURN(const Pickle keys, NextPickle(contents, position));
  DYNOFA_ASSIGN_OR_RETURN(Storages storages, DeclaredStorages(object));
  DYNOFA_RETURN_IF_ERROR(PlaceStorages(keys.root(), contents.subspan(position), storages));
  return ReadTensors(object.root(), storages);
}

// "<folder>/" of the archive's entries, all of which share it.
absl::StatusOr<std::string> ArchiveFolder(const ZipEntries& entries) {
  constexpr std::string_view kPickle = "/data.pkl";
  std::string folder;
  for (const auto& [name, contents] : entries) {
    if (!name.ends_with(kPickle) || name.find('/') != name.size() - kPickle.size()) continue;
    if (!folder.empty()) return Error("has two archives in one");
    folder = name.substr(0, name.size() - kPickle.size() + 1);
  }
  if (folder.empty()) return Error("has no data.pkl: not written by torch.save");
  return folder;
}

absl::Status CheckByteOrder(const ZipEntries& entries, const std::string& folder) {
  const auto found = entries.find(folder + "byteorder");
  if (found == entries.end() || StartsWith(found->second, "little")) return absl::OkStatus();
  return Error("was not written in little-endian byte order");
}

// A zip archive: data.pkl is the object, data/<key> a storage each.
absl::StatusOr<Tensors> ReadArchive(Bytes contents) {
  DYNOFA_ASSIGN_OR_RETURN(const ZipEntries entries, ReadZip(contents));
  DYNOFA_ASSIGN_OR_RETURN(const std::string folder, ArchiveFolder(entries));
  DYNOFA_RETURN_IF_ERROR(CheckByteOrder(entries, folder));
  const Bytes program = entries.at(folder + "data.pkl");
  DYNOFA_ASSIGN_OR_RETURN(const Pickle object, Pickle::Parse(program, TorchGlobals()));
  if (object.length() != program.size()) return Error("has something behind the pickle");
  DYNOFA_ASSIGN_OR_RETURN(Storages storages, DeclaredStorages(object));
  for (auto& [key, storage] : storages) {
    const auto found = entries.find(base::StrCat(folder, "data/", key));
    const auto size = static_cast<std::uint64_t>(storage.byte_count());
    if (found == entries.end() || found->second.size() != size) {
      return Error(base::StrCat("storage ", Quoted(key), " is not there with ", size, " bytes"));
    }
    storage.bytes = found->second;
  }
  return ReadTensors(object.root(), storages);
}

absl::StatusOr<SafetensorsFile> ReadSafetensors(std::vector<std::byte> contents,
                                                const std::string& name) {
  constexpr std::size_t kHeader = 8;  // behind its length
  if (contents.size() <= kHeader || contents[kHeader] != std::byte{'{'}) {
    return Error(base::StrCat(name,
                              ": is no checkpoint: neither torch.save's zip archive nor its older "
                              "format, nor safetensors (an incomplete download?)"));
  }
  return SafetensorsFile::Parse(std::move(contents), name);
}

// The tensors of a safetensors file, whose reader has checked them.
Tensors ViewsOf(const SafetensorsFile& file) {
  Tensors tensors;
  for (const auto& [name, entry] : file.entries()) {
    tensors[name] = {entry.type, entry.shape, DenseStrides(entry.shape), entry.bytes};
  }
  return tensors;
}

}  // namespace

bool TensorView::IsDense() const {
  if (Elements(shape) == 0) return true;
  const std::vector<std::int64_t> dense = DenseStrides(shape);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] > 1 && strides[i] != dense[i]) return false;
  }
  return true;
}

std::vector<std::byte> TensorView::Dense() const {
  const auto size = static_cast<std::size_t>(ElementBytes(type));
  const auto count = static_cast<std::size_t>(Elements(shape));
  if (IsDense()) return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count * size)};
  std::vector<std::byte> dense(count * size);
  std::vector<std::int64_t> index(shape.size());
  for (std::size_t element = 0; element < count; ++element) {
    std::int64_t source = 0;
    for (std::size_t i = 0; i < shape.size(); ++i) source += index[i] * strides[i];
    std::memcpy(dense.data() + element * size,
                bytes.data() + static_cast<std::size_t>(source) * size, size);
    for (std::size_t i = shape.size(); i > 0 && ++index[i - 1] == shape[i - 1]; --i) {
      index[i - 1] = 0;
    }
  }
  return dense;
}

absl::StatusOr<StateDict> StateDict::Read(const std::string& path) {
  DYNOFA_ASSIGN_OR_RETURN(std::vector<std::byte> contents, ReadWholeFile(path, kMaxFile));
  return Parse(std::move(contents), path);
}

absl::StatusOr<StateDict> StateDict::Parse(std::vector<std::byte> contents,
                                           const std::string& name) {
  StateDict dict;
  dict.name_ = name;
  if (!StartsWith(contents, kZipMagic) && !StartsWith(contents, kLegacyMagic)) {
    DYNOFA_ASSIGN_OR_RETURN(SafetensorsFile read, ReadSafetensors(std::move(contents), name));
    const auto file = std::make_shared<const SafetensorsFile>(std::move(read));
    dict.contents_ = file->contents();
    dict.tensors_ = ViewsOf(*file);
    dict.owner_ = file;
    return dict;
  }
  const auto file = std::make_shared<const std::vector<std::byte>>(std::move(contents));
  const bool is_zip = StartsWith(*file, kZipMagic);
  absl::StatusOr<Tensors> tensors = is_zip ? ReadArchive(*file) : ReadLegacy(*file);
  if (!tensors.ok()) return base::Annotate(tensors.status(), name);
  dict.contents_ = *file;
  dict.tensors_ = *std::move(tensors);
  dict.owner_ = file;
  return dict;
}

}  // namespace dynofa::engine::checkpoint
