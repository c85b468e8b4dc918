#ifndef DYNOFA_DAEMON_ENGINE_CHECKPOINT_TORCH_WRITER_TESTING_H_
#define DYNOFA_DAEMON_ENGINE_CHECKPOINT_TORCH_WRITER_TESTING_H_

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dynofa::engine::checkpoint::testing {

/// The bytes of `number`, little-endian.
template <typename T>
std::string Raw(T number) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &number, sizeof(T));
  return bytes;
}

inline std::vector<std::byte> ToBytes(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

/// Pieces of a pickle of protocol 2, for tests to put together, well or badly.
inline std::string Text(std::string_view text) {
  return "X" + Raw(static_cast<std::uint32_t>(text.size())) + std::string(text);
}
inline std::string Integer(std::int64_t number) {
  return "\x8a\x08" + Raw(number);  // LONG1
}
inline std::string Global(std::string_view module, std::string_view name) {
  return "c" + std::string(module) + "\n" + std::string(name) + "\n";
}
inline std::string Tuple(std::initializer_list<std::string> items) {
  std::string text = "(";
  for (const std::string& item : items) text += item;
  return text + "t";
}
inline std::string Extents(const std::vector<std::int64_t>& extents) {
  std::string text = "(";
  for (const std::int64_t extent : extents) text += Integer(extent);
  return text + "t";
}
inline std::string EmptyOrderedDict() { return Global("collections", "OrderedDict") + ")R"; }
inline std::string WholePickle(std::string_view program) {
  return "\x80\x02" + std::string(program) + ".";
}

/// A tensor and the storage that it lies in. What is not given follows from the rest.
struct TestTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<float> values = {};  ///< of the storage
  std::int64_t offset = 0;
  std::optional<std::vector<std::int64_t>> strides = {};
  std::string key = {};                    ///< of the storage; tensors may share one
  std::string type = "FloatStorage";       ///< of the storage
  std::optional<std::int64_t> count = {};  ///< elements that the pickle claims

  std::string StorageKey() const { return key.empty() ? name : key; }
  std::int64_t Count() const { return count.value_or(static_cast<std::int64_t>(values.size())); }
  std::string Data() const {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
  }
};

inline std::vector<std::int64_t> RowMajor(const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i > 1; --i) strides[i - 2] = strides[i - 1] * shape[i - 1];
  return strides;
}

inline std::string PickledTensor(const TestTensor& tensor, bool legacy) {
  const std::string storage =
      Tuple({Text("storage"), Global("torch", tensor.type), Text(tensor.StorageKey()),
             Text("cuda:0"), Integer(tensor.Count()), legacy ? "N" : ""});
  return Global("torch._utils", "_rebuild_tensor_v2") +
         Tuple({storage + "Q", Integer(tensor.offset), Extents(tensor.shape),
                Extents(tensor.strides.value_or(RowMajor(tensor.shape))), "\x89",
                EmptyOrderedDict()}) +
         "R";
}

/// An OrderedDict with "_metadata", as state_dict() returns it.
inline std::string PickledStateDict(const std::vector<TestTensor>& tensors, bool legacy) {
  std::string items;
  for (const TestTensor& tensor : tensors) {
    items += Text(tensor.name) + PickledTensor(tensor, legacy);
  }
  return EmptyOrderedDict() + "(" + items + "u}" + Text("_metadata") + EmptyOrderedDict() + "sb";
}

/// What torch.save({"state_dict": ...}) wrote before it used zip archives. `object` replaces the
/// pickle of the object.
inline std::string LegacyFile(const std::vector<TestTensor>& tensors, std::string object = "") {
  if (object.empty()) {
    object = WholePickle("}" + Text("state_dict") + PickledStateDict(tensors, true) + "s");
  }
  std::string file = std::string("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19.") +
                     WholePickle(Integer(1001)) +
                     WholePickle("}" + Text("little_endian") + "\x88s") + object;
  std::set<std::string> seen;
  std::string keys, storages;
  for (const TestTensor& tensor : tensors) {
    if (!seen.insert(tensor.StorageKey()).second) continue;
    keys += Text(tensor.StorageKey());
    storages += Raw(static_cast<std::int64_t>(tensor.values.size())) + tensor.Data();
  }
  return file + WholePickle("](" + keys + "e") + storages;
}

/// An entry of a zip archive; the optional fields replace what is right.
struct TestEntry {
  std::string name;
  std::string contents = {};
  std::uint16_t method = 0;
  std::uint16_t flags = 0;
  std::optional<std::uint32_t> crc = {};
  std::optional<std::uint32_t> size = {};    ///< both sizes in the directory
  std::optional<std::uint32_t> header = {};  ///< position of the local header
  std::optional<std::string> local_name = {};
};

inline std::uint32_t Crc32(std::string_view text) {
  std::uint32_t crc = 0xffffffff;
  for (const char c : text) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1u)));
  }
  return ~crc;
}

/// A zip archive; with `zip64` sizes and positions stand in 64-bit fields alone.
inline std::string ZipFile(const std::vector<TestEntry>& entries, bool zip64 = false) {
  constexpr std::uint32_t kElsewhere = 0xffffffff;
  const auto u16 = [](std::size_t value) { return Raw(static_cast<std::uint16_t>(value)); };
  const auto u32 = [](std::size_t value) { return Raw(static_cast<std::uint32_t>(value)); };
  const auto u64 = [](std::size_t value) { return Raw(static_cast<std::uint64_t>(value)); };
  std::string file, directory;
  for (const TestEntry& entry : entries) {
    const std::uint32_t crc = entry.crc.value_or(Crc32(entry.contents));
    const std::size_t size = entry.size.value_or(static_cast<std::uint32_t>(entry.contents.size()));
    const std::size_t header = entry.header.value_or(static_cast<std::uint32_t>(file.size()));
    const std::string fields = u16(entry.flags) + u16(entry.method) + u32(0) + u32(crc);
    const std::string local = entry.local_name.value_or(entry.name);
    // An extra field pads the contents to an even address, as torch.save does.
    file += "PK\x03\x04" + u16(20) + fields + u32(size) + u32(size) + u16(local.size()) + u16(6) +
            local + "FB" + u16(2) + "ZZ" + entry.contents;
    const std::string extra = zip64 ? u16(1) + u16(24) + u64(size) + u64(size) + u64(header) : "";
    const std::string sizes = zip64 ? u32(kElsewhere) + u32(kElsewhere) : u32(size) + u32(size);
    directory += "PK\x01\x02" + u16(20) + u16(20) + fields + sizes + u16(entry.name.size()) +
                 u16(extra.size()) + u16(0) + u32(0) + u32(0) + u32(zip64 ? kElsewhere : header) +
                 entry.name + extra;
  }
  const std::size_t start = file.size();
  file += directory;
  if (zip64) {
    const std::size_t end = file.size();
    file += "PK\x06\x06" + u64(44) + u16(20) + u16(20) + u32(0) + u32(0) + u64(entries.size()) +
            u64(entries.size()) + u64(directory.size()) + u64(start);
    file += "PK\x06\x07" + u32(0) + u64(end) + u32(1);
  }
  const std::size_t count = zip64 ? 0xffff : entries.size();
  return file + "PK\x05\x06" + u32(0) + u16(count) + u16(count) +
         u32(zip64 ? kElsewhere : directory.size()) + u32(zip64 ? kElsewhere : start) + u16(0);
}

/// The entries that torch.save(state_dict) writes.
inline std::vector<TestEntry> ArchiveEntries(const std::vector<TestTensor>& tensors) {
  std::vector<TestEntry> entries = {
      {"archive/data.pkl", WholePickle(PickledStateDict(tensors, false))},
      {"archive/byteorder", "little"}};
  std::set<std::string> seen;
  for (const TestTensor& tensor : tensors) {
    if (!seen.insert(tensor.StorageKey()).second) continue;
    entries.push_back({"archive/data/" + tensor.StorageKey(), tensor.Data()});
  }
  return entries;
}

}  // namespace dynofa::engine::checkpoint::testing

#endif  // DYNOFA_DAEMON_ENGINE_CHECKPOINT_TORCH_WRITER_TESTING_H_
