#include "daemon/hardware/sysfs/thermal.h"

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::hardware::sysfs {
namespace {

using Ids = std::vector<std::string>;

policies::ClusterInfo Cluster(const std::string& id, policies::ClusterKind kind, int capacity = 0) {
  policies::ClusterInfo info;
  info.id = id;
  info.kind = kind;
  info.capacity = capacity;
  return info;
}

const std::vector<policies::ClusterInfo> kRk3588 = {
    Cluster("cpu0", policies::ClusterKind::kCpu, 530),
    Cluster("cpu4", policies::ClusterKind::kCpu, 1024),
    Cluster("cpu6", policies::ClusterKind::kCpu, 1024), Cluster("gpu", policies::ClusterKind::kGpu),
    Cluster("npu", policies::ClusterKind::kNpu)};

TEST_CASE("A zone's type says which clusters it is of") {
  CHECK(ClustersOfZone("GPU-therm", kRk3588) == Ids{"gpu"});
  CHECK(ClustersOfZone("npu-thermal", kRk3588) == Ids{"npu"});
  CHECK(ClustersOfZone("bigcore0-thermal", kRk3588) == Ids{"cpu4", "cpu6"});
  CHECK(ClustersOfZone("littlecore-thermal", kRk3588) == Ids{"cpu0"});
  CHECK(ClustersOfZone("cpu-thermal", kRk3588) == Ids{"cpu0", "cpu4", "cpu6"});
  CHECK(ClustersOfZone("x86_pkg_temp", kRk3588).size() == 3);
  CHECK(ClustersOfZone("acpitz", kRk3588).empty());
  CHECK(ClustersOfZone("cpu-thermal", {}).empty());
}

TEST_CASE("A zone that is gone is looked for by its type and its place among those of that type") {
  tests::TempDir dir;
  const auto add = [&](const std::string& zone, const std::string& temperature) {
    dir.Write("class/thermal/" + zone + "/type", "cpu-thermal\n");
    dir.Write("class/thermal/" + zone + "/temp", temperature + "\n");
  };
  add("thermal_zone0", "41000");
  add("thermal_zone1", "42000");
  Thermal thermal(dir.path());
  CHECK(thermal.Read().size() == 2);
  std::filesystem::remove_all(dir.path() / "class/thermal/thermal_zone1");
  CHECK(thermal.Read().size() == 1);
  add("thermal_zone7", "47000");
  const auto zones = thermal.Read();
  REQUIRE(zones.size() == 2);
  CHECK(zones[0].temperature_c == 41.0);
  CHECK(zones[1].temperature_c == 47.0);
}

TEST_CASE("Trips are read with the zone; temperatures that no sensor means are left out") {
  tests::TempDir dir;
  const std::string zone = "class/thermal/thermal_zone4/";
  dir.Write(zone + "type", "cpu-thermal\n");
  dir.Write(zone + "temp", "45000\n");
  dir.Write(zone + "trip_point_0_temp", "85000\n");
  dir.Write(zone + "trip_point_0_type", "passive\n");
  dir.Write(zone + "trip_point_1_temp", "115000\n");
  dir.Write(zone + "trip_point_1_type", "critical\n");
  dir.Write(zone + "trip_point_2_temp", "-274000\n");
  dir.Write(zone + "trip_point_2_type", "hot\n");
  Thermal thermal(dir.path());
  thermal.Assign(kRk3588);
  REQUIRE(thermal.zones().size() == 1);
  REQUIRE(thermal.zones()[0].trips.size() == 2);
  CHECK(thermal.zones()[0].trips[1].type == "critical");
  CHECK(thermal.zones()[0].trips[1].temperature_c == 115.0);
  CHECK(thermal.Read().size() == 3);
  for (const char* text : {"-273200\n", "1000000\n", "hot\n", "", "99999999999999999999\n"}) {
    dir.Write(zone + "temp", text);
    INFO(text);
    CHECK(thermal.Read().empty());
  }
}

TEST_CASE("Where no zone is of the CPUs their driver's sensor is taken") {
  tests::TempDir dir;
  dir.Write("class/thermal/thermal_zone0/type", "acpitz\n");
  dir.Write("class/thermal/thermal_zone0/temp", "30000\n");
  dir.Write("class/hwmon/hwmon2/name", "k10temp\n");
  dir.Write("class/hwmon/hwmon2/temp1_input", "61125\n");
  dir.Write("class/hwmon/hwmon2/temp1_crit", "105000\n");
  dir.Write("class/hwmon/hwmon3/name", "nvme\n");
  dir.Write("class/hwmon/hwmon3/temp1_input", "40000\n");
  Thermal thermal(dir.path());
  thermal.Assign({Cluster("cpu0", policies::ClusterKind::kCpu)});
  const auto readings = thermal.Read();
  REQUIRE(readings.size() == 2);
  CHECK(readings[1].type == "k10temp");
  CHECK(readings[1].cluster == "cpu0");
  CHECK(readings[1].temperature_c == 61.125);
  CHECK(thermal.zones()[1].trips[0].type == "critical");
}

TEST_CASE("A cooling device caps the clocks that its type names") {
  tests::TempDir dir;
  const auto cooling = [&](const std::string& index, const std::string& type,
                           const std::string& state) {
    dir.Write("class/thermal/cooling_device" + index + "/type", type + "\n");
    dir.Write("class/thermal/cooling_device" + index + "/cur_state", state + "\n");
  };
  cooling("0", "cpufreq-cpu4", "2");
  cooling("1", "devfreq-fb000000.gpu", "1");
  cooling("2", "pwm-fan", "3");
  const Thermal thermal(dir.path());
  CHECK(thermal.DepthOf(std::vector<int>{4, 5}) == 2);
  CHECK(thermal.DepthOf(std::vector<int>{0, 1}) == 0);
  CHECK(thermal.DepthOf("fb000000.gpu") == 1);
  CHECK(thermal.DepthOf("fdab0000.npu") == 0);
  cooling("1", "devfreq-fb000000.gpu", "-1");
  CHECK(thermal.DepthOf("fb000000.gpu") == 0);
}

}  // namespace
}  // namespace dynofa::hardware::sysfs
