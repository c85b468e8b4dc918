#include "daemon/emulator/sysfs_tree.h"

#include <cerrno>

#include "daemon/base/virtual_time.h"
#include "daemon/emulator/board_file.h"
#include "tests/support/catch.h"

namespace dynofa::emulator {
namespace {

using namespace std::chrono_literals;

struct Fixture {
  explicit Fixture(const std::string& id = "jetson-xavier-nx") : board(*FindBoardModel(id), time) {}

  // Follows links, as the kernel does on the way to a file.
  std::string Resolve(const std::string& path) {
    std::vector<std::string> parts;
    std::string left = path;
    for (int links = 0; !left.empty() && links < 16;) {
      const std::size_t slash = left.find('/');
      const std::string part = left.substr(0, slash);
      left = slash == std::string::npos ? "" : left.substr(slash + 1);
      if (part == "..") {
        REQUIRE_FALSE(parts.empty());
        parts.pop_back();
        continue;
      }
      parts.push_back(part);
      const auto node = tree.Find(Join(parts));
      if (node == nullptr || node->kind != TreeNode::Kind::kLink) continue;
      ++links;
      parts.pop_back();
      left = left.empty() ? node->target : node->target + "/" + left;
    }
    return Join(parts);
  }
  static std::string Join(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? "" : "/") + part;
    return text;
  }
  std::string Read(const std::string& path) {
    const auto node = tree.Find(Resolve(path));
    if (node == nullptr) return "(gone)";
    INFO(path);
    REQUIRE(node->kind == TreeNode::Kind::kFile);
    return node->read();
  }
  int Write(const std::string& path, const std::string& text) {
    const auto node = tree.Find(Resolve(path));
    if (node == nullptr) return ENOENT;
    return node->write ? node->write(text) : EACCES;
  }

  base::VirtualTime time;
  EmulatedBoard board;
  SysfsTree tree{board};
};

const std::string kPolicy0 = "devices/system/cpu/cpufreq/policy0/";
const std::string kGpu = "class/devfreq/17000000.gv11b/";

TEST_CASE("The processors of the board are there as the kernel shows them") {
  Fixture f;
  CHECK(f.Read("devices/system/cpu/online") == "0-5\n");
  CHECK(f.tree.List("devices/system/cpu/cpufreq") ==
        std::vector<std::string>{"policy0", "policy2", "policy4"});
  CHECK(f.Read(kPolicy0 + "related_cpus") == "0 1\n");
  CHECK(f.Read(kPolicy0 + "scaling_driver") == "tegra194\n");
  CHECK(f.Read(kPolicy0 + "cpuinfo_transition_latency") == "300000\n");
  CHECK(f.Read("devices/system/cpu/cpu3/cpufreq/scaling_governor") == "schedutil\n");
  CHECK(f.Read(kPolicy0 + "scaling_available_frequencies").rfind("115200 192000 ", 0) == 0);
  CHECK(f.Read("firmware/devicetree/base/model") ==
        std::string("Jetson Xavier NX (emulated)") + '\0');
  CHECK(f.Write(kPolicy0 + "related_cpus", "0") == EACCES);
}

TEST_CASE("cpufreq clamps, rounds, lets the minimum follow, and remembers requests") {
  Fixture f;
  const std::string min = kPolicy0 + "scaling_min_freq";
  const std::string max = kPolicy0 + "scaling_max_freq";
  CHECK(f.Write(max, "1000000\n") == 0);
  CHECK(f.Read(max) == "960000\n");
  CHECK(f.Read(min) == "960000\n");
  CHECK(f.Write(max, "9999999") == 0);
  CHECK(f.Read(max) == "1907200\n");
  CHECK(f.Read(min) == "1190400\n");
  CHECK(f.Write(min, "abc") == EINVAL);
  CHECK(f.Write(min, "-1") == EINVAL);
  CHECK(f.Write(kPolicy0 + "scaling_governor", "PERFORMANCE\n") == 0);
  CHECK(f.Read(kPolicy0 + "scaling_governor") == "performance\n");
  CHECK(f.Read(kPolicy0 + "scaling_cur_freq") == "1907200\n");
}

TEST_CASE("devfreq speaks Hz, shows limits as asked within the range, and takes 0 for none") {
  Fixture f;
  CHECK(f.Read(kGpu + "available_governors") == "simple_ondemand userspace performance \n");
  CHECK(f.Read(kGpu + "max_freq") == "1109250000\n");
  CHECK(f.Write(kGpu + "max_freq", "555000001\n") == 0);
  CHECK(f.Read(kGpu + "max_freq") == "555001000\n");
  CHECK(f.Write(kGpu + "governor", "performance") == 0);
  CHECK(f.Read(kGpu + "cur_freq") == "510000000\n");
  CHECK(f.Write(kGpu + "max_freq", "0") == 0);
  CHECK(f.Read(kGpu + "max_freq") == "1109250000\n");
  CHECK(f.Write(kGpu + "min_freq", "99999999999999") == 0);
  CHECK(f.Write(kGpu + "min_freq", "x") == EINVAL);
  CHECK(f.Read(kGpu + "device/of_node/name") == std::string("gv11b") + '\0');
}

TEST_CASE("Zones have their trips and the cooling devices that act on them") {
  Fixture f;
  CHECK(f.Read("class/thermal/thermal_zone1/type") == "GPU-therm\n");
  CHECK(f.Read("class/thermal/thermal_zone1/trip_point_0_temp") == "90500\n");
  CHECK(f.Read("class/thermal/thermal_zone1/trip_point_0_type") == "passive\n");
  CHECK(f.Read("class/thermal/thermal_zone1/cdev0/type") == "devfreq-17000000.gv11b\n");
  CHECK(f.Read("class/thermal/thermal_zone0/cdev2/type") == "cpufreq-cpu4\n");
  CHECK(f.Read("class/thermal/cooling_device3/cur_state") == "0\n");
  REQUIRE(
      f.board.SetFaults({{.kind = FaultKind::kTrip, .zone = "GPU-therm", .celsius = 95.0}}).ok());
  f.time.Advance(1s);
  CHECK(f.Read("class/thermal/thermal_zone1/temp") == "95000\n");
  CHECK(f.Read("class/thermal/cooling_device3/cur_state") == "2\n");
  CHECK(f.Read(kGpu + "max_freq") == "1007250000\n");
}

TEST_CASE("Rails are those of an INA3221: millivolts and milliamperes by label") {
  Fixture f;
  const std::string monitor = "class/hwmon/hwmon0/";
  CHECK(f.Read(monitor + "name") == "ina3221\n");
  CHECK(f.Read(monitor + "in1_label") == "VDD_IN\n");
  CHECK(f.Read(monitor + "in1_input") == "5000\n");
  const double watt = f.board.Read().board_power_w;
  CHECK(std::stod(f.Read(monitor + "curr1_input")) == Approx(watt * 200).margin(1.0));
  CHECK(f.Read("bus/i2c/devices/7-0040/hwmon/hwmon0/in3_label") == "VDD_SOC\n");
}

TEST_CASE("Each INA231 tells one rail, and RAPL counts energy") {
  Fixture odroid("odroid-xu3");
  CHECK(odroid.tree.List("class/hwmon").size() == 4);
  CHECK(odroid.Read("class/hwmon/hwmon1/power1_input") == "250000\n");
  CHECK(odroid.Read("class/hwmon/hwmon1/device/uevent").find("@41") != std::string::npos);

  Fixture laptop("x86-laptop");
  const std::string package = "class/powercap/intel-rapl:0/";
  CHECK(laptop.Read(package + "name") == "package-0\n");
  const double before = std::stod(laptop.Read(package + "energy_uj"));
  const double watt = laptop.board.Read().rails[0].power_w;
  laptop.time.Advance(10s);
  CHECK(std::stod(laptop.Read(package + "energy_uj")) - before == Approx(watt * 1e7).epsilon(0.01));
  CHECK(laptop.Read("devices/system/cpu/cpufreq/policy0/scaling_available_frequencies") ==
        "(gone)");
}

TEST_CASE("Faults show in the files") {
  Fixture f;
  REQUIRE(f.board
              .SetFaults({{.kind = FaultKind::kHide, .cluster = "cpu0", .knob = Knob::kMax},
                          {.kind = FaultKind::kHide, .zone = "GPU-therm"},
                          {.kind = FaultKind::kHide, .rail = "VDD_SOC"},
                          {.kind = FaultKind::kRefuse, .cluster = "cpu2", .error = EBUSY}})
              .ok());
  CHECK(f.Read(kPolicy0 + "scaling_max_freq") == "(gone)");
  CHECK(f.Read("class/thermal/thermal_zone1/temp") == "(gone)");
  CHECK(f.Read("class/hwmon/hwmon0/in3_label") == "(gone)");
  CHECK(f.Write("devices/system/cpu/cpufreq/policy2/scaling_max_freq", "729600") == EBUSY);
  REQUIRE(f.board.SetFaults({}).ok());
  CHECK(f.Read(kPolicy0 + "scaling_max_freq") == "1907200\n");
}

TEST_CASE("A cluster that is away has no folder, and its CPUs are offline; it returns elsewhere") {
  Fixture f;
  const auto held = f.tree.Find(kPolicy0 + "scaling_max_freq");
  REQUIRE(f.board
              .SetFaults({{.kind = FaultKind::kAway, .cluster = "cpu0", .for_s = 1.0, .index = 1},
                          {.kind = FaultKind::kAway, .cluster = "gpu", .for_s = 1.0}})
              .ok());
  CHECK(f.Read(kPolicy0 + "scaling_max_freq") == "(gone)");
  CHECK(held->write("729600") == ENODEV);
  CHECK(f.Read("devices/system/cpu/online") == "2-5\n");
  CHECK(f.Read(kGpu + "max_freq") == "(gone)");
  f.time.Advance(1s);
  CHECK(f.tree.List("devices/system/cpu/cpufreq") ==
        std::vector<std::string>{"policy1", "policy2", "policy4"});
  CHECK(f.Read("devices/system/cpu/cpufreq/policy1/related_cpus") == "0 1\n");
  CHECK(f.Read("devices/system/cpu/online") == "0-5\n");
}

TEST_CASE("Every link of every board leads somewhere, and every file can be read") {
  for (const std::string& id : BoardModelIds()) {
    Fixture f(id);
    std::vector<std::string> folders = {""};
    int files = 0;
    while (!folders.empty()) {
      const std::string folder = folders.back();
      folders.pop_back();
      for (const std::string& name : f.tree.List(folder)) {
        const std::string path = folder.empty() ? name : folder + "/" + name;
        INFO(id << ": " << path);
        const auto node = f.tree.Find(path);
        REQUIRE(node != nullptr);
        if (node->kind == TreeNode::Kind::kFolder) folders.push_back(path);
        if (node->kind == TreeNode::Kind::kLink) CHECK(f.tree.Find(f.Resolve(path)) != nullptr);
        if (node->kind != TreeNode::Kind::kFile) continue;
        ++files;
        CHECK_FALSE(node->read().empty());
      }
    }
    CHECK(files > 20);
  }
}

}  // namespace
}  // namespace dynofa::emulator
