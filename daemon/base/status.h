#ifndef DYNOFA_DAEMON_BASE_STATUS_H_
#define DYNOFA_DAEMON_BASE_STATUS_H_

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace dynofa::base {

/// The status for a failed system call: `what` names the object, `error` is its errno. The code
/// follows the cause (ENOENT is NOT_FOUND, EACCES and EPERM are PERMISSION_DENIED, ...).
absl::Status ErrnoStatus(int error, std::string_view what);

/// `status` with `context` and ": " before its message; OK stays OK.
absl::Status Annotate(const absl::Status& status, std::string_view context);

}  // namespace dynofa::base

/// Returns from the enclosing function if `expr` is not OK.
#define DYNOFA_RETURN_IF_ERROR(expr)                                                       \
  do {                                                                                     \
    if (absl::Status dynofa_status_ = (expr); !dynofa_status_.ok()) return dynofa_status_; \
  } while (false)

#define DYNOFA_CONCAT_INNER_(a, b) a##b
#define DYNOFA_CONCAT_(a, b) DYNOFA_CONCAT_INNER_(a, b)
#define DYNOFA_ASSIGN_OR_RETURN_IMPL_(tmp, lhs, expr) \
  auto tmp = (expr);                                  \
  if (!tmp.ok()) return tmp.status();                 \
  lhs = std::move(tmp).value()

/// Assigns the value of the StatusOr `expr` to `lhs`, or returns its status.
#define DYNOFA_ASSIGN_OR_RETURN(lhs, expr) \
  DYNOFA_ASSIGN_OR_RETURN_IMPL_(DYNOFA_CONCAT_(dynofa_or_, __LINE__), lhs, expr)

#endif  // DYNOFA_DAEMON_BASE_STATUS_H_
