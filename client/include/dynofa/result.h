#ifndef DYNOFA_RESULT_H_
#define DYNOFA_RESULT_H_

#include <string>
#include <utility>
#include <variant>

namespace dynofa::client {

/// Why a call failed; the numbers are gRPC's.
enum class ErrorCode {
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,   ///< what was sent is wrong, whatever the daemon's state
  kDeadlineExceeded = 4,  ///< too late: by the timeout, or by a deadline in the request
  kNotFound = 5,          ///< no such model, subnet, session or power mode
  kAlreadyExists = 6,
  kPermissionDenied = 7,    ///< this user may not do that
  kResourceExhausted = 8,   ///< a quota or a queue is full, or no room for the session; try later
  kFailedPrecondition = 9,  ///< not with this session's requirement or ceiling
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,  ///< the daemon is not there or is stopping, or nothing can run the model now
  kDataLoss = 15,
  kUnauthenticated = 16,
};

struct Error {
  ErrorCode code = ErrorCode::kUnknown;
  /// For people: what is wrong and what to do. Never empty.
  std::string message;
};

/// A value, or why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::move(value)) {}
  Result(Error error) : content_(std::move(error)) {}

  bool ok() const { return std::holds_alternative<T>(content_); }
  explicit operator bool() const { return ok(); }

  /// REQUIRES: ok() (else std::bad_variant_access).
  const T& value() const& { return std::get<T>(content_); }
  T& value() & { return std::get<T>(content_); }
  T&& value() && { return std::get<T>(std::move(content_)); }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  /// REQUIRES: !ok().
  const Error& error() const { return std::get<Error>(content_); }

 private:
  std::variant<T, Error> content_;
};

/// The value of a call that has none.
struct Done {};

}  // namespace dynofa::client

#endif  // DYNOFA_RESULT_H_
