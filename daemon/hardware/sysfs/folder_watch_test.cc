#include "daemon/hardware/sysfs/folder_watch.h"

#include <filesystem>

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::hardware::sysfs {
namespace {

using std::chrono::milliseconds;

TEST_CASE("A change of entries is noticed once, when it is over") {
  const tests::TempDir dir;
  dir.Write("policies/policy0/max", "1");
  FolderWatch watch({dir / "policies", dir / "devices"});
  base::TimePoint now{};
  const auto later = [&](int ms) {
    now += milliseconds(ms);
    return watch.Look(now);
  };
  CHECK_FALSE(later(5000));
  CHECK_FALSE(watch.Differs());
  dir.Write("policies/policy2/max", "1");
  CHECK_FALSE(later(1000));
  // Still going on.
  dir.Write("devices/gpu/max", "1");
  CHECK_FALSE(later(1000));
  CHECK_FALSE(later(500));
  CHECK(later(500));
  CHECK_FALSE(later(1000));
  // Values are not looked at.
  dir.Write("devices/gpu/max", "2");
  CHECK_FALSE(later(1000));
  CHECK_FALSE(later(1000));
  CHECK(watch.Differs());
  std::filesystem::remove_all(dir / "devices");
  CHECK_FALSE(later(1000));
  CHECK(later(1000));
  watch.Disturb();
  CHECK(later(1000));
}

}  // namespace
}  // namespace dynofa::hardware::sysfs
