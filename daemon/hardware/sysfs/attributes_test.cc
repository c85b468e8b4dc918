#include "daemon/hardware/sysfs/attributes.h"

#include <cerrno>
#include <filesystem>
#include <vector>

#include "daemon/base/strings.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::hardware::sysfs {
namespace {

TEST_CASE("CPU lists are read in both of the kernel's forms") {
  CHECK(ParseCpuList("0-2,5\n") == std::vector<int>{0, 1, 2, 5});
  CHECK(ParseCpuList("0 1 2 5\n") == std::vector<int>{0, 1, 2, 5});
  CHECK(ParseCpuList("3,1,1") == std::vector<int>{1, 3});
  for (const char* bad : {"", "\n", "a", "1-", "-1", "2-1", "1,x", "0-99999999", "1.5"}) {
    CHECK(ParseCpuList(bad).empty());
  }
}

TEST_CASE("Attributes are read and written whole, a shorter value included") {
  tests::TempDir dir;
  dir.Write("policy0/scaling_governor", "performance\n");
  const auto attributes = OpenAttributes(dir / "policy0");
  REQUIRE(attributes.ok());
  CHECK(*(*attributes)->Read("scaling_governor") == "performance\n");
  REQUIRE((*attributes)->Write("scaling_governor", "user\n").ok());
  CHECK(*(*attributes)->Read("scaling_governor") == "user\n");
  CHECK((*attributes)->Writable("scaling_governor"));
  CHECK_FALSE((*attributes)->Writable("missing"));
}

TEST_CASE("A missing attribute is an error with its name; none is ever created") {
  tests::TempDir dir;
  const auto attributes = OpenAttributes(dir.path().string());
  REQUIRE(attributes.ok());
  const absl::Status status = (*attributes)->Write("nothing", "1\n");
  CHECK(status.code() == absl::StatusCode::kNotFound);
  CHECK(base::FromAbsl(status.message()).find("nothing") != std::string::npos);
  CHECK(tests::ReadTree(dir.path()).empty());
  CHECK_FALSE(OpenAttributes(dir / "no/folder").ok());
}

TEST_CASE("A symbolic link in place of an attribute is refused") {
  tests::TempDir dir;
  dir.Write("secret", "original");
  std::filesystem::create_directory(dir / "policy0");
  std::filesystem::create_symlink(dir / "secret", dir / "policy0/scaling_max_freq");
  const auto attributes = OpenAttributes(dir / "policy0");
  CHECK_FALSE((*attributes)->Write("scaling_max_freq", "1\n").ok());
  CHECK_FALSE((*attributes)->Read("scaling_max_freq").ok());
  CHECK(tests::ReadFile(dir / "secret") == "original");
}

TEST_CASE("Each cause of a failed write is told") {
  for (const auto& [error, cause] :
       std::vector<std::pair<int, std::string>>{{EBUSY, "offline"},
                                                {EINVAL, "out of range"},
                                                {EACCES, "no permission"},
                                                {EOPNOTSUPP, "does not support"},
                                                {ENODEV, "is gone"},
                                                {EIO, "Input/output error"}}) {
    const absl::Status status = AttributeError(error, "knob");
    CHECK(base::FromAbsl(status.message()).find(cause) != std::string::npos);
  }
}

}  // namespace
}  // namespace dynofa::hardware::sysfs
