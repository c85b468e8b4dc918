#ifndef DYNOFA_DAEMON_BASE_STRINGS_H_
#define DYNOFA_DAEMON_BASE_STRINGS_H_

#include <string>
#include <string_view>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace dynofa::base {

/// `text` as the type that Abseil takes: Debian 12 builds it with a string_view of its own.
inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

/// `text` (such as absl::Status::message()) as the standard's type.
inline std::string_view FromAbsl(absl::string_view text) { return {text.data(), text.size()}; }

/// absl::StrCat that also takes std::string_view.
template <typename... Parts>
std::string StrCat(const Parts&... parts) {
  const auto convert = [](const auto& part) -> decltype(auto) {
    if constexpr (std::is_same_v<std::decay_t<decltype(part)>, std::string_view>) {
      return ToAbsl(part);
    } else {
      return (part);
    }
  };
  return absl::StrCat(convert(parts)...);
}

}  // namespace dynofa::base

#endif  // DYNOFA_DAEMON_BASE_STRINGS_H_
