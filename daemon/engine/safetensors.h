#ifndef DYNOFA_DAEMON_ENGINE_SAFETENSORS_H_
#define DYNOFA_DAEMON_ENGINE_SAFETENSORS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace dynofa::engine {

/// Element types that are read and written. A file with another one is refused.
enum class SafetensorsType { kF32, kF64, kU8, kI32, kI64 };

/// Bytes of one element.
std::int64_t ElementBytes(SafetensorsType type);

/// A tensor inside a file in memory.
struct SafetensorsEntry {
  SafetensorsType type = SafetensorsType::kF32;
  std::vector<std::int64_t> shape;
  /// Row-major, little-endian, of exactly the size that type and shape say. Not aligned in
  /// general. Belongs to the SafetensorsFile.
  std::span<const std::byte> bytes;
};

/// A safetensors file, read completely into memory (a mapped one could change or vanish below
/// us). Layout: u64 LE header length, JSON header {"name": {"dtype", "shape", "data_offsets"}},
/// data. Immutable, movable; views stay valid across a move.
class SafetensorsFile {
 public:
  SafetensorsFile(SafetensorsFile&&) = default;
  SafetensorsFile& operator=(SafetensorsFile&&) = default;

  using Entries = std::map<std::string, SafetensorsEntry, std::less<>>;

  /// Reads `path`. INVALID_ARGUMENT, with the file's name, if the file is truncated or if header
  /// and data disagree in any way (lengths, types, shapes, overlaps, holes).
  static absl::StatusOr<SafetensorsFile> Read(const std::string& path);

  /// As Read, for contents in memory; `name` goes into the messages.
  static absl::StatusOr<SafetensorsFile> Parse(std::vector<std::byte> contents,
                                               const std::string& name);

  const std::string& name() const { return name_; }
  const Entries& entries() const { return entries_; }
  /// The texts of "__metadata__".
  const std::map<std::string, std::string, std::less<>>& metadata() const { return metadata_; }

  /// The entry of that name, or nullptr.
  const SafetensorsEntry* Find(std::string_view name) const;

  /// The values of an F32 tensor, in place. NOT_FOUND if there is none of that name;
  /// INVALID_ARGUMENT if it has another type or shape, or lies at an odd address.
  absl::StatusOr<std::span<const float>> Floats(std::string_view name,
                                                std::span<const std::int64_t> shape) const;

  /// Everything in the file, byte for byte (for a digest).
  std::span<const std::byte> contents() const { return contents_; }

 private:
  SafetensorsFile() = default;

  std::string name_;
  std::vector<std::byte> contents_;
  Entries entries_;
  std::map<std::string, std::string, std::less<>> metadata_;
};

/// A tensor to be written; `bytes` belongs to the caller.
struct SafetensorsTensor {
  std::string name;
  SafetensorsType type = SafetensorsType::kF32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;
};

/// Writes `tensors` to `path` as a whole or not at all (temporary file, fsync, rename). The
/// header is padded so that every F32 tensor is aligned when all tensors before it are F32.
/// INVALID_ARGUMENT if a name is twice there or a size does not fit its shape.
absl::Status WriteSafetensors(const std::string& path,
                              const std::vector<SafetensorsTensor>& tensors,
                              const std::map<std::string, std::string>& metadata = {});

}  // namespace dynofa::engine

#endif  // DYNOFA_DAEMON_ENGINE_SAFETENSORS_H_
