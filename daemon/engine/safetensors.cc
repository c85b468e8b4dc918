#include "daemon/engine/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/files.h"

namespace dynofa::engine {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

using Json = nlohmann::json;

constexpr std::int64_t kMaxFile = std::int64_t{4} << 30;
constexpr std::uint64_t kMaxHeader = std::uint64_t{16} << 20;
constexpr std::size_t kLengthField = 8;
constexpr std::size_t kMaxRank = 8;

struct TypeRow {
  SafetensorsType type;
  std::string_view name;
  std::int64_t size;
};
constexpr std::array<TypeRow, 5> kTypes = {{
    {SafetensorsType::kF32, "F32", 4},
    {SafetensorsType::kF64, "F64", 8},
    {SafetensorsType::kU8, "U8", 1},
    {SafetensorsType::kI32, "I32", 4},
    {SafetensorsType::kI64, "I64", 8},
}};

const TypeRow& RowOf(SafetensorsType type) {
  return *std::find_if(kTypes.begin(), kTypes.end(),
                       [type](const TypeRow& row) { return row.type == type; });
}

std::string ShapeText(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += base::StrCat(i == 0 ? "" : ",", shape[i]);
  }
  return text + "]";
}

// Bytes of a tensor, or nullopt if the product does not fit.
std::optional<std::int64_t> ByteCount(SafetensorsType type, std::span<const std::int64_t> shape) {
  std::int64_t bytes = ElementBytes(type);
  for (std::int64_t extent : shape) {
    if (extent < 0 || __builtin_mul_overflow(bytes, extent, &bytes)) return std::nullopt;
  }
  return bytes;
}

absl::StatusOr<SafetensorsType> ParseType(const Json& header) {
  const auto dtype = header.find("dtype");
  if (dtype == header.end() || !dtype->is_string()) {
    return absl::InvalidArgumentError("has no dtype");
  }
  const auto& name = dtype->get_ref<const std::string&>();
  for (const TypeRow& row : kTypes) {
    if (row.name == name) return row.type;
  }
  return absl::InvalidArgumentError(
      base::StrCat("has dtype ", name, "; supported are F32, F64, U8, I32 and I64"));
}

// A list of non-negative integers.
absl::StatusOr<std::vector<std::int64_t>> ParseNumbers(const Json& header, const char* key,
                                                       std::size_t max_length) {
  const auto list = header.find(key);
  if (list == header.end() || !list->is_array()) {
    return absl::InvalidArgumentError(base::StrCat("has no ", key));
  }
  if (list->size() > max_length) {
    return absl::InvalidArgumentError(base::StrCat("has too many numbers in ", key));
  }
  std::vector<std::int64_t> numbers;
  for (const Json& number : *list) {
    if (!number.is_number_unsigned() ||
        number.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()) {
      return absl::InvalidArgumentError(base::StrCat("has a wrong number in ", key));
    }
    numbers.push_back(number.get<std::int64_t>());
  }
  return numbers;
}

// One tensor of the header; `data` is everything behind the header.
absl::StatusOr<SafetensorsEntry> ParseEntry(const Json& header, std::span<const std::byte> data) {
  if (!header.is_object()) return absl::InvalidArgumentError("is not described by an object");
  SafetensorsEntry entry;
  DYNOFA_ASSIGN_OR_RETURN(entry.type, ParseType(header));
  DYNOFA_ASSIGN_OR_RETURN(entry.shape, ParseNumbers(header, "shape", kMaxRank));
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<std::int64_t> offsets,
                          ParseNumbers(header, "data_offsets", 2));
  const auto size = static_cast<std::int64_t>(data.size());
  if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > size) {
    return absl::InvalidArgumentError(base::StrCat("has data_offsets ", ShapeText(offsets),
                                                   " outside of the ", size, " bytes of data"));
  }
  const std::optional<std::int64_t> bytes = ByteCount(entry.type, entry.shape);
  if (!bytes || *bytes != offsets[1] - offsets[0]) {
    return absl::InvalidArgumentError(
        base::StrCat("of type ", RowOf(entry.type).name, " and shape ", ShapeText(entry.shape),
                     " does not fit its data_offsets ", ShapeText(offsets)));
  }
  entry.bytes =
      data.subspan(static_cast<std::size_t>(offsets[0]), static_cast<std::size_t>(*bytes));
  return entry;
}

absl::StatusOr<std::map<std::string, std::string, std::less<>>> ParseMetadata(const Json& json) {
  std::map<std::string, std::string, std::less<>> metadata;
  if (!json.is_object()) return absl::InvalidArgumentError("__metadata__ is not an object");
  for (const auto& [key, value] : json.items()) {
    if (!value.is_string()) {
      return absl::InvalidArgumentError(base::StrCat("__metadata__.", key, " is not a text"));
    }
    metadata[key] = value.get_ref<const std::string&>();
  }
  return metadata;
}

// The tensors must tile the data: an overlap or a hole is a lie or smuggled content.
absl::Status CheckTiling(const SafetensorsFile::Entries& entries, std::span<const std::byte> data) {
  std::vector<std::pair<const std::byte*, const std::byte*>> ranges;
  ranges.reserve(entries.size());
  for (const auto& [name, entry] : entries) {
    ranges.emplace_back(entry.bytes.data(), entry.bytes.data() + entry.bytes.size());
  }
  std::sort(ranges.begin(), ranges.end());
  const std::byte* end = data.data();
  for (const auto& range : ranges) {
    if (range.first != end) {
      return absl::InvalidArgumentError(
          base::StrCat(range.first < end ? "tensors overlap" : "there is a hole between tensors",
                       " at byte ", std::min(range.first, end) - data.data(), " of the data"));
    }
    end = range.second;
  }
  if (end != data.data() + data.size()) {
    return absl::InvalidArgumentError(
        base::StrCat(data.data() + data.size() - end, " bytes after the last tensor"));
  }
  return absl::OkStatus();
}

// Length of the JSON header, checked against the file.
absl::StatusOr<std::size_t> HeaderLength(std::span<const std::byte> contents) {
  if (contents.size() < kLengthField) {
    return absl::InvalidArgumentError(
        base::StrCat("has ", contents.size(), " bytes, too few for a safetensors file"));
  }
  std::uint64_t length = 0;
  std::memcpy(&length, contents.data(), kLengthField);
  const std::size_t rest = contents.size() - kLengthField;
  if (length > rest) {
    return absl::InvalidArgumentError(base::StrCat(
        "the header claims ", length, " bytes, but only ", rest, " follow (truncated file?)"));
  }
  if (length > kMaxHeader) {
    return absl::InvalidArgumentError(
        base::StrCat("the header has ", length, " bytes; at most ", kMaxHeader, " are accepted"));
  }
  return static_cast<std::size_t>(length);
}

struct Header {
  SafetensorsFile::Entries entries;
  std::map<std::string, std::string, std::less<>> metadata;
};

absl::StatusOr<Header> ParseHeader(std::span<const std::byte> contents) {
  DYNOFA_ASSIGN_OR_RETURN(const std::size_t length, HeaderLength(contents));
  const auto* text = reinterpret_cast<const char*>(contents.data() + kLengthField);
  const Json json = Json::parse(text, text + length, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError("the header is not a JSON object");
  const std::span<const std::byte> data = contents.subspan(kLengthField + length);
  Header header;
  for (const auto& [name, value] : json.items()) {
    if (name == "__metadata__") {
      DYNOFA_ASSIGN_OR_RETURN(header.metadata, ParseMetadata(value));
      continue;
    }
    absl::StatusOr<SafetensorsEntry> entry = ParseEntry(value, data);
    if (!entry.ok()) {
      return base::Annotate(entry.status(), base::StrCat("tensor \"", name, "\""));
    }
    header.entries.emplace(name, *std::move(entry));
  }
  DYNOFA_RETURN_IF_ERROR(CheckTiling(header.entries, data));
  return header;
}

absl::StatusOr<std::string> HeaderText(const std::vector<SafetensorsTensor>& tensors,
                                       const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::int64_t offset = 0;
  for (const SafetensorsTensor& tensor : tensors) {
    const std::optional<std::int64_t> bytes = ByteCount(tensor.type, tensor.shape);
    if (!bytes || *bytes != static_cast<std::int64_t>(tensor.bytes.size())) {
      return absl::InvalidArgumentError(base::StrCat("tensor \"", tensor.name, "\" of shape ",
                                                     ShapeText(tensor.shape), " has ",
                                                     tensor.bytes.size(), " bytes"));
    }
    if (header.contains(tensor.name)) {
      return absl::InvalidArgumentError(
          base::StrCat("tensor \"", tensor.name, "\" is there twice"));
    }
    header[tensor.name] = {{"dtype", std::string(RowOf(tensor.type).name)},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, offset + *bytes}}};
    offset += *bytes;
  }
  std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

}  // namespace

std::int64_t ElementBytes(SafetensorsType type) { return RowOf(type).size; }

absl::StatusOr<SafetensorsFile> SafetensorsFile::Read(const std::string& path) {
  DYNOFA_ASSIGN_OR_RETURN(std::vector<std::byte> contents, ReadWholeFile(path, kMaxFile));
  return Parse(std::move(contents), path);
}

absl::StatusOr<SafetensorsFile> SafetensorsFile::Parse(std::vector<std::byte> contents,
                                                       const std::string& name) {
  SafetensorsFile file;
  file.name_ = name;
  file.contents_ = std::move(contents);
  absl::StatusOr<Header> header = ParseHeader(file.contents_);
  if (!header.ok()) return base::Annotate(header.status(), name);
  file.entries_ = std::move(header->entries);
  file.metadata_ = std::move(header->metadata);
  return file;
}

const SafetensorsEntry* SafetensorsFile::Find(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second;
}

absl::StatusOr<std::span<const float>> SafetensorsFile::Floats(
    std::string_view name, std::span<const std::int64_t> shape) const {
  const SafetensorsEntry* entry = Find(name);
  if (entry == nullptr) {
    return absl::NotFoundError(base::StrCat(name_, ": tensor \"", name, "\" is missing"));
  }
  if (entry->type != SafetensorsType::kF32 ||
      !std::equal(shape.begin(), shape.end(), entry->shape.begin(), entry->shape.end())) {
    return absl::InvalidArgumentError(
        base::StrCat(name_, ": tensor \"", name, "\" is ", RowOf(entry->type).name, " ",
                     ShapeText(entry->shape), "; it must be F32 ", ShapeText(shape)));
  }
  const std::byte* start = entry->bytes.data();
  if (reinterpret_cast<std::uintptr_t>(start) % alignof(float) != 0) {
    return absl::InvalidArgumentError(base::StrCat(
        name_, ": tensor \"", name, "\" is not aligned; write the file with a padded header"));
  }
  return std::span(reinterpret_cast<const float*>(start), entry->bytes.size() / sizeof(float));
}

absl::Status WriteSafetensors(const std::string& path,
                              const std::vector<SafetensorsTensor>& tensors,
                              const std::map<std::string, std::string>& metadata) {
  absl::StatusOr<std::string> header = HeaderText(tensors, metadata);
  if (!header.ok()) return base::Annotate(header.status(), path);
  const std::uint64_t length = header->size();
  std::vector<std::span<const std::byte>> parts = {std::as_bytes(std::span(&length, 1)),
                                                   std::as_bytes(std::span(*header))};
  for (const SafetensorsTensor& tensor : tensors) parts.push_back(tensor.bytes);
  return WriteWholeFile(path, parts);
}

}  // namespace dynofa::engine
