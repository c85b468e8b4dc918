#include "daemon/base/range.h"

#include "daemon/base/strings.h"

namespace dynofa::base {

absl::Status CheckRange(std::string_view what, double value, double low, double high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(
      StrCat(what, " is ", value, "; it must lie in [", low, ", ", high, "]"));
}

}  // namespace dynofa::base
