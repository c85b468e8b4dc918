#ifndef DYNOFA_POLICIES_DIGEST_H_
#define DYNOFA_POLICIES_DIGEST_H_

#include <bit>
#include <cstdint>
#include <optional>
#include <string_view>

namespace dynofa::policies {

/// Tells whether values changed since the last decision: FNV-1a over what is added, as a whole
/// number that a double of Decision::memory holds exactly. Nothing secret hangs on it.
class Digest {
 public:
  Digest& Add(std::string_view text) {
    for (const char c : text) AddByte(static_cast<unsigned char>(c));
    return AddByte(0xff);
  }
  Digest& Add(std::uint64_t number) {
    for (int byte = 0; byte < 8; ++byte) AddByte((number >> (8 * byte)) & 0xff);
    return *this;
  }
  Digest& Add(double number) { return Add(std::bit_cast<std::uint64_t>(number)); }
  Digest& Add(const std::optional<double>& number) {
    return Add(std::uint64_t{number.has_value()}).Add(number.value_or(0.0));
  }

  double value() const { return static_cast<double>(hash_ >> 12); }

 private:
  Digest& AddByte(std::uint64_t byte) {
    hash_ = (hash_ ^ byte) * 0x100000001b3u;
    return *this;
  }

  std::uint64_t hash_ = 0xcbf29ce484222325u;
};

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_DIGEST_H_
