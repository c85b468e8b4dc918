#include "daemon/hardware/sysfs/power_rails.h"

#include <map>

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::hardware::sysfs {
namespace {

struct Rails {
  std::unique_ptr<PowerRails> Find() {
    notes.clear();
    return std::make_unique<PowerRails>(dir.path(), notes);
  }
  bool Noted(const std::string& text) const {
    for (const std::string& note : notes) {
      if (note.find(text) != std::string::npos) return true;
    }
    return false;
  }
  static BoardReading Read(PowerRails& rails, double seconds = 0.0) {
    BoardReading reading;
    rails.Read(base::TimePoint() + base::FromSeconds(seconds), reading);
    return reading;
  }
  void Ina3221(const std::string& channel, const std::string& label, const std::string& mv,
               const std::string& ma) {
    dir.Write("class/hwmon/hwmon3/name", "ina3221\n");
    dir.Write("class/hwmon/hwmon3/in" + channel + "_label", label + "\n");
    dir.Write("class/hwmon/hwmon3/in" + channel + "_input", mv + "\n");
    dir.Write("class/hwmon/hwmon3/curr" + channel + "_input", ma + "\n");
  }
  void Rapl(const std::string& zone, const std::string& name, const std::string& energy) {
    dir.Write("class/powercap/" + zone + "/name", name + "\n");
    dir.Write("class/powercap/" + zone + "/energy_uj", energy + "\n");
    dir.Write("class/powercap/" + zone + "/max_energy_range_uj", "262143328850\n");
  }

  tests::TempDir dir;
  std::vector<std::string> notes;
};

TEST_CASE("A rail of the whole board is its power; its parts are not added to it") {
  Rails f;
  f.Ina3221("1", "VDD_IN", "5000", "700");
  f.Ina3221("2", "VDD_CPU_GPU_CV", "5000", "200");
  f.Ina3221("3", "NC", "5000", "200");
  f.Ina3221("7", "sum of shunt voltages", "1", "1");
  const auto rails = f.Find();
  REQUIRE(rails->infos().size() == 2);
  CHECK(rails->infos()[0].in_board_power);
  CHECK_FALSE(rails->infos()[1].in_board_power);
  const BoardReading reading = Rails::Read(*rails);
  CHECK(reading.board_power_w == Approx(3.5));
  CHECK(reading.board_power_over_s == 0.0);
  CHECK(reading.rails[1].power_w == Approx(1.0));
}

TEST_CASE("A monitor that tells over how long it averages is believed within reason") {
  Rails f;
  f.Ina3221("1", "VDD_IN", "5000", "700");
  const auto over_s = [&](const std::string& interval) {
    f.dir.Write("class/hwmon/hwmon3/update_interval", interval + "\n");
    return Rails::Read(*f.Find()).board_power_over_s;
  };
  CHECK(over_s("28") == Approx(0.028));
  CHECK(over_s("-5") == 0.0);
  CHECK(over_s("nonsense") == 0.0);
  CHECK(over_s("9223372036854775807") == Approx(10.0));
}

TEST_CASE("Without one the parts are summed up, and that is said; a missing part spoils the sum") {
  Rails f;
  f.Ina3221("1", "VDD_GPU_SOC", "12000", "500");
  f.Ina3221("2", "VDD_CPU_CV", "12000", "250");
  const auto rails = f.Find();
  CHECK(Rails::Read(*rails).board_power_w == Approx(9.0));
  CHECK(f.Noted("sum of its measured parts"));
  for (const char* nonsense : {"", "-1", "99999999999999999999", "9223372036854775807", "1e3"}) {
    f.dir.Write("class/hwmon/hwmon3/curr2_input", nonsense);
    const BoardReading reading = Rails::Read(*rails);
    INFO(nonsense);
    CHECK(reading.board_power_w == 0.0);
    CHECK(reading.rails.size() == 1);
  }
}

TEST_CASE("The INA3221 of JetPack 4 is found by its rails' names") {
  Rails f;
  const std::string device = "bus/iio/devices/iio:device2/";
  f.dir.Write(device + "rail_name_0", "VDD_IN\n");
  f.dir.Write(device + "in_power0_input", "3456\n");
  f.dir.Write(device + "rail_name_1", "VDD_SOC\n");
  f.dir.Write(device + "in_power1_input", "1000\n");
  const auto rails = f.Find();
  CHECK(Rails::Read(*rails).board_power_w == Approx(3.456));
  CHECK(rails->infos()[0].source == "ina3221 (iio)");
}

TEST_CASE("Monitors without labels are told apart by their address") {
  Rails f;
  for (const char* address : {"40", "45"}) {
    const std::string device = std::string("class/hwmon/hwmon") + address;
    f.dir.Write(device + "/name", "ina231\n");
    f.dir.Write(device + "/power1_input", "250000\n");
    f.dir.Write(
        device + "/device/uevent",
        std::string("OF_NAME=power-sensor\nOF_FULLNAME=/soc/i2c/power-sensor@") + address + "\n");
  }
  const auto rails = f.Find();
  REQUIRE(rails->infos().size() == 2);
  CHECK(rails->infos()[0].name == "ina231@40");
  CHECK(rails->infos()[1].name == "ina231@45");
  CHECK(Rails::Read(*rails).board_power_w == Approx(0.5));
}

TEST_CASE("Hardkernel's sensors tell watts, and say so when they are off") {
  Rails f;
  const std::map<std::string, std::string> watts = {
      {"3-0040", "1.250000"}, {"3-0041", "0.1"}, {"3-0044", "0.3"}, {"3-0045", "0.35"}};
  for (const auto& [device, text] : watts) {
    f.dir.Write("bus/i2c/drivers/INA231/" + device + "/sensor_W", text + "\n");
    f.dir.Write("bus/i2c/drivers/INA231/" + device + "/enable", "1\n");
  }
  const auto rails = f.Find();
  CHECK(rails->infos()[0].name == "A15");
  CHECK(rails->infos()[3].name == "A7");
  CHECK(Rails::Read(*rails).board_power_w == Approx(2.0));
  for (const auto& [device, text] : watts) {
    f.dir.Write("bus/i2c/drivers/INA231/" + device + "/enable", "0\n");
  }
  CHECK(f.Find()->infos().empty());
  CHECK(f.Noted("write 1"));
}

TEST_CASE("Energy counters become power at the second look, and wrap around at their own range") {
  Rails f;
  f.Rapl("intel-rapl:0", "package-0", "262143000000");
  f.Rapl("intel-rapl:0:0", "core", "1000");
  f.Rapl("intel-rapl:0:1", "dram", "1000");
  f.Rapl("intel-rapl-mmio:0", "package-0", "262143000000");
  const auto rails = f.Find();
  REQUIRE(rails->infos().size() == 3);
  CHECK(rails->infos()[1].name == "package-0 core");
  CHECK_FALSE(rails->infos()[1].in_board_power);
  CHECK(rails->infos()[2].in_board_power);
  CHECK(Rails::Read(*rails, 0.0).rails.empty());
  f.Rapl("intel-rapl:0", "package-0", "2671150");  // 328850 uJ to the end, then 2671150
  f.Rapl("intel-rapl:0:1", "dram", "1001000");
  const BoardReading reading = Rails::Read(*rails, 0.5);
  CHECK(reading.rails[0].power_w == Approx(6.0));
  CHECK(reading.board_power_w == Approx(8.0));
  // Too soon for another one: the same again.
  CHECK(Rails::Read(*rails, 0.501).board_power_w == Approx(8.0));
  f.dir.Write("class/powercap/intel-rapl:0/energy_uj", "nonsense\n");
  CHECK(Rails::Read(*rails, 1.0).board_power_w == 0.0);
}

TEST_CASE("A counter whose range is unknown cannot have wrapped around") {
  Rails f;
  f.Rapl("intel-rapl:0", "package-0", "5000");
  f.dir.Write("class/powercap/intel-rapl:0/max_energy_range_uj", "0\n");
  const auto rails = f.Find();
  Rails::Read(*rails, 0.0);
  f.dir.Write("class/powercap/intel-rapl:0/energy_uj", "10\n");
  CHECK(Rails::Read(*rails, 1.0).rails.empty());
}

TEST_CASE("psys is the whole board") {
  Rails f;
  f.Rapl("intel-rapl:0", "package-0", "0");
  f.Rapl("intel-rapl:1", "psys", "0");
  const auto rails = f.Find();
  Rails::Read(*rails, 0.0);
  f.Rapl("intel-rapl:0", "package-0", "1000000");
  f.Rapl("intel-rapl:1", "psys", "3000000");
  const BoardReading reading = Rails::Read(*rails, 1.0);
  CHECK(reading.board_power_w == Approx(3.0));
  CHECK(reading.board_power_over_s == Approx(1.0));
}

TEST_CASE("A battery tells what the board draws while nothing else feeds it") {
  Rails f;
  const std::string battery = "class/power_supply/BAT0/";
  f.dir.Write(battery + "type", "Battery\n");
  f.dir.Write(battery + "status", "Discharging\n");
  f.dir.Write(battery + "current_now", "-500000\n");
  f.dir.Write(battery + "voltage_now", "12000000\n");
  f.dir.Write("class/power_supply/mouse/type", "Battery\n");
  f.dir.Write("class/power_supply/mouse/scope", "Device\n");
  const auto rails = f.Find();
  REQUIRE(rails->infos().size() == 1);
  CHECK(Rails::Read(*rails).board_power_w == Approx(6.0));
  f.dir.Write(battery + "status", "Charging\n");
  CHECK(Rails::Read(*rails).board_power_w == 0.0);
  // Beside counters of the processor it is shown, and not counted.
  f.dir.Write(battery + "status", "Discharging\n");
  f.Rapl("intel-rapl:0", "package-0", "0");
  const auto both = f.Find();
  REQUIRE(both->infos().size() == 2);
  CHECK_FALSE(both->infos()[1].in_board_power);
}

TEST_CASE("A graphics card's power is shown, and is not the board's") {
  Rails f;
  f.dir.Write("class/hwmon/hwmon1/name", "amdgpu\n");
  f.dir.Write("class/hwmon/hwmon1/power1_average", "9000000\n");
  f.dir.Write("class/hwmon/hwmon1/power1_label", "PPT\n");
  const auto rails = f.Find();
  const BoardReading reading = Rails::Read(*rails);
  REQUIRE(reading.rails.size() == 1);
  CHECK(reading.rails[0].name == "amdgpu PPT");
  CHECK(reading.board_power_w == 0.0);
}

TEST_CASE("Without any rail it is said that power is unknown") {
  Rails f;
  CHECK(Rails::Read(*f.Find()).board_power_w == 0.0);
  CHECK(f.Noted("power and energy are unknown"));
}

}  // namespace
}  // namespace dynofa::hardware::sysfs
