#ifndef DYNOFA_DAEMON_ENGINE_CHECKPOINT_BYTE_READER_H_
#define DYNOFA_DAEMON_ENGINE_CHECKPOINT_BYTE_READER_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/base/strings.h"

namespace dynofa::engine::checkpoint {

static_assert(std::endian::native == std::endian::little, "the formats are little-endian");

/// Takes fields from the front of bytes that belong to somebody else. Every read is checked:
/// INVALID_ARGUMENT with the position if the bytes end before the field does.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::size_t position() const { return position_; }
  std::size_t remaining() const { return bytes_.size() - position_; }

  /// A little-endian number.
  template <typename T>
  absl::StatusOr<T> Take() {
    if (remaining() < sizeof(T)) return EndsEarly(sizeof(T));
    T value;
    std::memcpy(&value, bytes_.data() + position_, sizeof(T));
    position_ += sizeof(T);
    return value;
  }

  absl::StatusOr<std::span<const std::byte>> TakeBytes(std::uint64_t count) {
    if (remaining() < count) return EndsEarly(count);
    const std::span<const std::byte> taken =
        bytes_.subspan(position_, static_cast<std::size_t>(count));
    position_ += taken.size();
    return taken;
  }

  absl::StatusOr<std::string_view> TakeText(std::uint64_t count) {
    const auto taken = TakeBytes(count);
    if (!taken.ok()) return taken.status();
    return std::string_view(reinterpret_cast<const char*>(taken->data()), taken->size());
  }

  /// The text before the next newline, which is taken as well.
  absl::StatusOr<std::string_view> TakeLine() {
    const std::string_view rest(reinterpret_cast<const char*>(bytes_.data()) + position_,
                                remaining());
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return EndsEarly(rest.size() + 1);
    position_ += end + 1;
    return rest.substr(0, end);
  }

 private:
  absl::Status EndsEarly(std::uint64_t count) const {
    return absl::InvalidArgumentError(base::StrCat("ends early: ", count,
                                                   " bytes expected at byte ", position_, ", ",
                                                   remaining(), " are left (truncated file?)"));
  }

  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
};

/// `text` out of a file, fit for a message: in quotes, printable, not long.
inline std::string Quoted(std::string_view text) {
  constexpr std::size_t kMaxLength = 100;
  std::string quoted = "\"";
  for (const char c : text.substr(0, kMaxLength)) quoted += c >= 0x20 && c < 0x7f ? c : '?';
  return quoted + (text.size() > kMaxLength ? "...\"" : "\"");
}

}  // namespace dynofa::engine::checkpoint

#endif  // DYNOFA_DAEMON_ENGINE_CHECKPOINT_BYTE_READER_H_
