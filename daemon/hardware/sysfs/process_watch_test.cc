#include "daemon/hardware/sysfs/process_watch.h"

#include <filesystem>

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::hardware::sysfs {
namespace {

using Names = std::vector<std::string>;

TEST_CASE("Programs that set clocks are seen by the names of their processes") {
  tests::TempDir proc;
  proc.Write("1/comm", "systemd\n");
  proc.Write("42/comm", "power-profiles-\n");
  proc.Write("77/comm", "jetson_clocks\n");
  proc.Write("self/comm", "tuned\n");
  proc.Write("meminfo", "MemTotal: 1\n");
  std::filesystem::create_directories(proc.path() / "99");
  ProcessWatch watch(proc.path().string());
  const base::TimePoint start{};
  CHECK(watch.Read(start) == Names{"power-profiles-daemon", "jetson_clocks"});

  std::filesystem::remove_all(proc.path() / "77");
  CHECK(watch.Read(start + ProcessWatch::kPeriod / 2).size() == 2);
  CHECK(watch.Read(start + ProcessWatch::kPeriod) == Names{"power-profiles-daemon"});
}

TEST_CASE("Without a list of processes none is seen") {
  CHECK(ProcessWatch("").Read({}).empty());
  CHECK(ProcessWatch("/nonexistent").Read({}).empty());
}

}  // namespace
}  // namespace dynofa::hardware::sysfs
