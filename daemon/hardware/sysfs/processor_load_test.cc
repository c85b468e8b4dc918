#include "daemon/hardware/sysfs/processor_load.h"

#include "daemon/base/strings.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::hardware::sysfs {
namespace {

std::string Line(int cpu, long busy, long idle) {
  return base::StrCat("cpu", cpu, " ", busy, " 0 0 ", idle, " 0 0 0 0 0 0\n");
}

policies::ClusterInfo Cluster(const std::string& id, std::vector<int> cpus) {
  policies::ClusterInfo info;
  info.id = id;
  info.host_cpus = std::move(cpus);
  return info;
}

TEST_CASE("Ticks are counted by CPU; waiting for a disk is idle, a hypervisor's theft is not") {
  const auto cpus = ParseCpuTicks(
      "cpu  9 9 9 9 9 9 9 9 9 9\n"
      "cpu0 10 1 2 100 50 3 4 5 7 7\n"
      "cpu7 1 0 0 9 0 0 0 0\n"
      "intr 1 2 3 4 5 6 7 8 9 10\n");
  REQUIRE(cpus.size() == 2);
  CHECK(cpus.at(0).busy == 25);
  CHECK(cpus.at(0).all == 175);
  CHECK(cpus.at(7).all == 10);
}

TEST_CASE("Lines that are not understood are left out") {
  CHECK(ParseCpuTicks("").empty());
  CHECK(ParseCpuTicks("cpu0 1 2 3\ncpux 1 1 1 1 1 1 1 1\ncpu-1 1 1 1 1 1 1 1 1\n").empty());
  CHECK(ParseCpuTicks("cpu0 -1 1 1 1 1 1 1 1\ncpu1 99999999999999999999 1 1 1 1 1 1 1\n").empty());
  CHECK(ParseCpuTicks("cpu0 9223372036854775807 1 1 1 1 1 1 1\n").empty());
}

TEST_CASE("Pressure is the share of ten seconds, or unknown") {
  CHECK(ParsePressure("some avg10=12.50 avg60=0.00 avg300=0.00 total=1\nfull avg10=0.00\n") ==
        0.125);
  for (const char* text : {"", "some avg10=", "some avg10=nan avg60", "some avg10=101.00 avg60",
                           "full avg10=1.00 avg60"}) {
    CHECK_FALSE(ParsePressure(text).has_value());
  }
}

TEST_CASE("The load of others is that of the cluster's CPUs without dynofa's own") {
  tests::TempDir dir;
  std::vector<std::string> notes;
  dir.Write("stat", Line(0, 0, 0) + Line(1, 0, 0) + Line(2, 0, 0));
  ProcessorLoad load(dir.path(), {Cluster("cpu0", {0, 1}), Cluster("cpu2", {2})}, notes);
  load.EndWindow({});
  CHECK(load.Of("cpu0") == 0.0);
  dir.Write("stat", Line(0, 50, 0) + Line(1, 25, 25) + Line(2, 0, 50));
  load.EndWindow({{"cpu0", 1.0, 1.0}});
  CHECK(load.Of("cpu0") == Approx(0.25));
  CHECK(load.Of("cpu2") == 0.0);
  CHECK(load.Of("gpu") == 0.0);
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].find("PSI") != std::string::npos);
}

TEST_CASE("A busy moment weighs half, and own load never makes others negative") {
  tests::TempDir dir;
  std::vector<std::string> notes;
  ProcessorLoad load(dir.path(), {Cluster("cpu0", {0})}, notes);
  long busy = 0, idle = 0;
  const auto window = [&](long more_busy, long more_idle, double own) {
    dir.Write("stat", Line(0, busy += more_busy, idle += more_idle));
    load.EndWindow({{"cpu0", own, own}});
  };
  window(0, 0, 0.0);
  window(0, 100, 0.5);
  CHECK(load.Of("cpu0") == 0.0);
  window(80, 20, 0.0);
  CHECK(load.Of("cpu0") == Approx(0.4));
  // A counter that went back, or a file that is gone, changes nothing.
  dir.Write("stat", Line(0, 1, 1));
  load.EndWindow({});
  std::filesystem::remove(dir / "stat");
  load.EndWindow({});
  CHECK(load.Of("cpu0") == Approx(0.4));
}

TEST_CASE("Without statistics nothing is known, and that is said") {
  std::vector<std::string> notes;
  ProcessorLoad load("", {Cluster("cpu0", {0})}, notes);
  load.EndWindow({});
  CHECK(load.Of("cpu0") == 0.0);
  CHECK_FALSE(load.pressure().has_value());
  CHECK(notes.size() == 1);
}

}  // namespace
}  // namespace dynofa::hardware::sysfs
