#include "daemon/hardware/sysfs/process_stats.h"

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::hardware::sysfs {
namespace {

TEST_CASE("Waits are summed up over the threads of a process") {
  tests::TempDir dir;
  const std::string before = "Name:\tx\nnonvoluntary_ctxt_switches:\t900\n";
  dir.Write("42/task/42/status", before + "voluntary_ctxt_switches:\t17\nMems:\t1\n");
  dir.Write("42/task/43/status", before + "voluntary_ctxt_switches:\t5\n");
  dir.Write("42/task/44/status", "Name:\ty\n");
  CHECK(*VoluntarySwitches(42, dir.path()) == 22);
  CHECK(VoluntarySwitches(7, dir.path()).status().code() == absl::StatusCode::kNotFound);
}

TEST_CASE("This program has a folder") { CHECK_FALSE(ProgramFolder().empty()); }

}  // namespace
}  // namespace dynofa::hardware::sysfs
