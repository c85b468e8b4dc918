#include "daemon/base/status.h"

#include <cerrno>

#include "tests/support/catch.h"

namespace dynofa::base {
namespace {

absl::StatusOr<int> Half(int value) {
  if (value % 2 != 0) return absl::InvalidArgumentError("odd");
  return value / 2;
}

absl::StatusOr<int> Quarter(int value) {
  DYNOFA_ASSIGN_OR_RETURN(const int half, Half(value));
  DYNOFA_RETURN_IF_ERROR(Half(half).status());
  return half / 2;
}

TEST_CASE("errno becomes a status that names object and cause") {
  const absl::Status status = ErrnoStatus(ENOENT, "policy0/scaling_max_freq");
  CHECK(absl::IsNotFound(status));
  CHECK(status.message() == "policy0/scaling_max_freq: No such file or directory");
  CHECK(absl::IsPermissionDenied(ErrnoStatus(EACCES, "x")));
  CHECK(absl::IsUnavailable(ErrnoStatus(EBUSY, "x")));
  CHECK(absl::IsInvalidArgument(ErrnoStatus(EINVAL, "x")));
}

TEST_CASE("annotation keeps the code and leaves OK alone") {
  CHECK(Annotate(absl::OkStatus(), "loading").ok());
  const absl::Status status = Annotate(absl::NotFoundError("no such file"), "loading a.toml");
  CHECK(absl::IsNotFound(status));
  CHECK(status.message() == "loading a.toml: no such file");
}

TEST_CASE("the macros hand errors up and values on") {
  CHECK(*Quarter(12) == 3);
  CHECK(absl::IsInvalidArgument(Quarter(3).status()));
  CHECK(absl::IsInvalidArgument(Quarter(6).status()));
}

}  // namespace
}  // namespace dynofa::base
