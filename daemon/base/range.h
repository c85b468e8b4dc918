#ifndef DYNOFA_DAEMON_BASE_RANGE_H_
#define DYNOFA_DAEMON_BASE_RANGE_H_

#include <string_view>

#include "absl/status/status.h"

namespace dynofa::base {

/// OK if `value` lies in [low, high]; else, also for NaN, INVALID_ARGUMENT that names `what`, the
/// value and the bounds.
absl::Status CheckRange(std::string_view what, double value, double low, double high);

}  // namespace dynofa::base

#endif  // DYNOFA_DAEMON_BASE_RANGE_H_
