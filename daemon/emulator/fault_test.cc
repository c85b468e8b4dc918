#include "daemon/emulator/fault.h"

#include <atomic>
#include <cerrno>
#include <string>
#include <thread>

#include "daemon/base/strings.h"
#include "daemon/base/virtual_time.h"
#include "daemon/emulator/board_file.h"
#include "daemon/emulator/emulated_board.h"
#include "tests/support/catch.h"

namespace dynofa::emulator {
namespace {

using namespace std::chrono_literals;

struct Fixture {
  base::VirtualTime time;
  EmulatedBoard board{*FindBoardModel("jetson-xavier-nx"), time};

  void Script(const std::string& text) {
    const auto faults = ParseFaults(text, "f.toml");
    INFO(faults.status());
    REQUIRE(faults.ok());
    REQUIRE(board.SetFaults(*faults).ok());
  }
  int WriteMax(const std::string& khz) { return board.WriteKnob("cpu0", Knob::kMax, khz); }
  hardware::ClusterReading Cpu0() { return board.Read().clusters[0]; }
  double Celsius(const std::string& type) {
    for (const auto& zone : board.Read().zones) {
      if (zone.type == type) return zone.temperature_c;
    }
    return -1.0;
  }
};

TEST_CASE("Writes are taken as the kernel takes them") {
  Fixture f;
  CHECK(f.WriteMax("1036800\n") == 0);
  CHECK(f.Cpu0().max_khz == 1036800);
  CHECK(f.WriteMax("1000000") == 0);  // off the table: rounded down, not refused
  CHECK(f.Cpu0().max_khz == 960000);
  CHECK(f.WriteMax("9999999") == 0);
  CHECK(f.Cpu0().max_khz == 1907200);
  CHECK(f.WriteMax("4294967296") == 0);  // wraps to 0
  CHECK(f.Cpu0().max_khz == 115200);
  CHECK(f.Cpu0().min_khz == 115200);  // the minimum follows, its request is remembered
  CHECK(f.WriteMax("1907200") == 0);
  CHECK(f.Cpu0().min_khz == 1190400);
  for (const char* bad : {"", "abc", "-1", "12x", " 5", "0x10"}) {
    INFO(bad);
    CHECK(f.WriteMax(bad) == EINVAL);
  }
  CHECK(f.board.WriteKnob("cpu0", Knob::kGovernor, "turbo") == EINVAL);
  CHECK(f.board.WriteKnob("cpu0", Knob::kGovernor, "performance\n") == 0);
  CHECK(f.board.WriteKnob("npu", Knob::kMax, "1") == ENOENT);
}

TEST_CASE("The writes that are named fail, with the error that is named, and no others") {
  Fixture f;
  f.Script(R"([[fault]]
kind = "refuse"
cluster = "cpu0"
knob = "max"
error = "EINVAL"
at_write = 2
writes = 2
[[fault]]
kind = "refuse"
cluster = "cpu2"
error = "ENODEV"
)");
  CHECK(f.WriteMax("729600") == 0);
  CHECK(f.board.WriteKnob("cpu0", Knob::kMin, "115200") == 0);  // not counted
  CHECK(f.WriteMax("806400") == EINVAL);
  CHECK(f.WriteMax("806400") == EINVAL);
  CHECK(f.Cpu0().max_khz == 729600);
  CHECK(f.WriteMax("806400") == 0);
  CHECK(f.board.WriteKnob("cpu2", Knob::kGovernor, "performance") == ENODEV);
  CHECK(f.board.WriteKnob("cpu4", Knob::kGovernor, "performance") == 0);
}

TEST_CASE("A fault by time holds from its beginning to its end") {
  Fixture f;
  f.Script("[[fault]]\nkind='refuse'\ncluster='cpu0'\nerror='EBUSY'\nat_s=1.0\nfor_s=0.5");
  CHECK(f.WriteMax("729600") == 0);
  f.time.Advance(1s);
  CHECK(f.WriteMax("806400") == EBUSY);
  f.time.Advance(499ms);
  CHECK(f.WriteMax("806400") == EBUSY);
  f.time.Advance(1ms);
  CHECK(f.WriteMax("806400") == 0);
}

TEST_CASE("A clamp changes the request itself, a late write has effect when its time has come") {
  Fixture f;
  f.Script(R"([[fault]]
kind = "clamp"
cluster = "cpu0"
khz = 960000
at_write = 1
[[fault]]
kind = "late"
cluster = "cpu0"
late_s = 0.2
at_write = 2
)");
  CHECK(f.WriteMax("1420800") == 0);
  CHECK(f.board.GetKnobs("cpu0")->limits.max_khz == 960000);
  CHECK(f.WriteMax("729600") == 0);
  CHECK(f.Cpu0().max_khz == 960000);
  f.time.Advance(199ms);
  CHECK(f.Cpu0().max_khz == 960000);
  f.time.Advance(1ms);
  CHECK(f.Cpu0().max_khz == 729600);
}

TEST_CASE("A stale sensor shows what it last saw while the board goes on") {
  Fixture f;
  f.Script(R"([[fault]]
kind = "stale"
zone = "GPU-therm"
at_s = 1.0
for_s = 100.0
[[fault]]
kind = "stale"
cluster = "gpu"
at_s = 1.0
for_s = 100.0
[[fault]]
kind = "stale"
rail = "VDD_IN"
at_s = 1.0
for_s = 100.0
)");
  f.time.Advance(1s);
  const double idle = f.Celsius("GPU-therm");
  const double rail = f.board.Read().rails[0].power_w;
  REQUIRE(f.board.SetKnobs("gpu", {"performance", {114750, 1109250}}).ok());
  REQUIRE(f.board.SetForeignLoad("gpu", 0.9).ok());
  f.time.Advance(90s);
  CHECK(f.Celsius("GPU-therm") == idle);
  CHECK(f.board.Read().rails[0].power_w == rail);
  CHECK(f.board.Read().clusters[3].frequency_khz == 114750);
  f.time.Advance(10s);
  CHECK(f.Celsius("GPU-therm") > idle + 5.0);
  CHECK(f.board.Read().rails[0].power_w > rail + 3.0);
  CHECK(f.board.Read().clusters[3].frequency_khz == 1109250);
}

TEST_CASE("What is hidden cannot be found") {
  Fixture f;
  f.Script(R"([[fault]]
kind = "hide"
zone = "CPU-therm"
[[fault]]
kind = "hide"
rail = "VDD_SOC"
[[fault]]
kind = "hide"
cluster = "cpu0"
knob = "max"
)");
  CHECK(f.Celsius("CPU-therm") == -1.0);
  CHECK(f.Celsius("GPU-therm") > 0.0);
  CHECK(f.board.Read().rails.size() == 2);
  CHECK(f.WriteMax("729600") == ENOENT);
  CHECK(f.board.WriteKnob("cpu0", Knob::kMin, "729600") == 0);
  CHECK_FALSE(f.Cpu0().available);
  CHECK(f.board.PresenceOf("cpu0").hidden == std::vector<Knob>{Knob::kMax});
  REQUIRE(f.board.SetFaults({}).ok());
  CHECK(f.Cpu0().available);
  CHECK(f.WriteMax("729600") == 0);
}

TEST_CASE("A trip throttles step by step, and what it took comes back when it is over") {
  Fixture f;
  f.Script("[[fault]]\nkind='trip'\nzone='CPU-therm'\ncelsius=96\nat_s=1.0\nfor_s=3.0");
  f.time.Advance(2s);
  CHECK(f.Celsius("CPU-therm") == 96.0);
  CHECK(f.Cpu0().limited_by == "thermal");
  const auto early = f.Cpu0().max_khz;
  CHECK(early < 1907200);
  f.time.Advance(1900ms);
  CHECK(f.Cpu0().max_khz < early);
  f.time.Advance(60s);
  CHECK(f.Cpu0().max_khz == 1907200);
  CHECK(f.Cpu0().limited_by.empty());
}

TEST_CASE("A foreign writer writes at its time or after a write, once") {
  Fixture f;
  f.Script(R"([[fault]]
kind = "foreign"
cluster = "cpu0"
governor = "powersave"
max_khz = 960000
at_write = 1
)");
  CHECK(f.Cpu0().governor == "schedutil");
  CHECK(f.WriteMax("1420800") == 0);
  CHECK(f.Cpu0().governor == "powersave");
  CHECK(f.Cpu0().max_khz == 960000);
  CHECK(f.WriteMax("1420800") == 0);
  CHECK(f.Cpu0().max_khz == 1420800);
}

TEST_CASE("Knobs that somebody else sets are seen without any other look") {
  Fixture f;
  f.Script("[[fault]]\nkind='foreign'\ncluster='cpu0'\nmax_khz=960000\nat_s=1.0");
  CHECK(f.board.GetKnobs("cpu0")->limits.max_khz == 1907200);
  f.time.Advance(1s);
  CHECK(f.board.GetKnobs("cpu0")->limits.max_khz == 960000);
}

TEST_CASE("A cluster goes, and returns under another index with or without its knobs") {
  Fixture f;
  REQUIRE(f.WriteMax("729600") == 0);
  f.Script(R"([[fault]]
kind = "away"
cluster = "cpu0"
at_s = 1.0
for_s = 2.0
index = 1
[[fault]]
kind = "away"
cluster = "cpu0"
at_s = 10.0
for_s = 1.0
index = 0
reset = true
)");
  CHECK(f.board.PresenceOf("cpu0").policy == 0);
  f.time.Advance(1s);
  CHECK_FALSE(f.Cpu0().available);
  CHECK_FALSE(f.board.PresenceOf("cpu0").present);
  CHECK(f.WriteMax("806400") == ENODEV);
  f.time.Advance(2s);
  CHECK(f.Cpu0().available);
  CHECK(f.board.PresenceOf("cpu0").policy == 1);
  CHECK(f.Cpu0().max_khz == 729600);
  f.time.Advance(10s);
  CHECK(f.board.PresenceOf("cpu0").policy == 0);
  CHECK(f.Cpu0().max_khz == 1907200);
}

TEST_CASE("A blocked write returns when the script ends, and then has effect") {
  Fixture f;
  f.Script("[[fault]]\nkind='block'\ncluster='cpu0'\nknob='max'\nat_write=1");
  std::atomic<int> result{-1};
  std::thread writer([&] { result = f.WriteMax("729600"); });
  while (f.Cpu0().limited_by != "stuck") std::this_thread::yield();
  CHECK(result == -1);
  CHECK(f.Cpu0().max_khz == 1907200);
  REQUIRE(f.board.SetFaults({}).ok());
  writer.join();
  CHECK(result == 0);
  CHECK(f.Cpu0().max_khz == 729600);
}

TEST_CASE("On a real clock a blocked write returns by itself when its time is over") {
  base::SteadyClock clock;
  EmulatedBoard board(*FindBoardModel("jetson-xavier-nx"), clock);
  REQUIRE(board.SetFaults({{.kind = FaultKind::kBlock, .cluster = "cpu0", .for_s = 0.05}}).ok());
  const auto begin = clock.Now();
  CHECK(board.WriteKnob("cpu0", Knob::kMax, "729600") == 0);
  CHECK(clock.Now() - begin >= 40ms);
  CHECK(board.Read().clusters[0].max_khz == 729600);
}

TEST_CASE("The same script gives the same board, however often somebody looks") {
  const std::string script = R"([[fault]]
kind = "trip"
zone = "GPU-therm"
celsius = 95
at_s = 1.3
for_s = 2.1
[[fault]]
kind = "foreign"
cluster = "gpu"
max_khz = 510000
at_s = 2.7
)";
  Fixture seldom, often;
  for (Fixture* f : {&seldom, &often}) f->Script(script);
  seldom.time.Advance(5s);
  for (int i = 0; i < 500; ++i) {
    often.time.Advance(10ms);
    often.board.Read();
  }
  CHECK(seldom.board.Read().clusters[3].max_khz == often.board.Read().clusters[3].max_khz);
  CHECK(seldom.Celsius("GPU-therm") == Approx(often.Celsius("GPU-therm")).epsilon(0.001));
}

TEST_CASE("A script that is wrong is refused with file, line and key") {
  struct Bad {
    std::string text, says;
  };
  const std::vector<Bad> all = {
      {"fault = 1", "fault must be an array of tables"},
      {"faults = 1", "faults is not a known key; known here: fault"},
      {"[[fault]]", "kind is missing"},
      {"[[fault]]\nkind='explode'", "kind must be one of refuse, clamp, late, block"},
      {"[[fault]]\nkind='block'", "needs the one thing that it is about"},
      {"[[fault]]\nkind='stale'\ncluster='a'\nzone='b'", "needs the one thing"},
      {"[[fault]]\nkind='refuse'\ncluster='a'", "error is missing"},
      {"[[fault]]\nkind='refuse'\ncluster='a'\nerror='E'", "error must be one of EBUSY"},
      {"[[fault]]\nkind='block'\ncluster='a'\nknob='x'", "f.toml:4: knob must be governor"},
      {"[[fault]]\nkind='block'\ncluster='a'\nat_write=0", "at_write must be a whole number"},
      {"[[fault]]\nkind='block'\ncluster='a'\nat_write=1\nat_s=1", "exclude each other"},
      {"[[fault]]\nkind='block'\ncluster='a'\nwrites=2", "writes needs at_write"},
      {"[[fault]]\nkind='hide'\nzone='a'\nat_write=2", "needs a cluster whose writes"},
      {"[[fault]]\nkind='foreign'\ncluster='a'", "needs what is written"},
      {"[[fault]]\nkind='trip'\nzone='a'\ncelsius=nan", "celsius must be a number in"},
      {"[[fault]]\nkind='trip'\nzone='a'\ncelsius=9\nknob='max'", "knob is not a known key"},
  };
  for (const Bad& bad : all) {
    INFO(bad.text);
    const auto faults = ParseFaults(bad.text, "f.toml");
    REQUIRE_FALSE(faults.ok());
    INFO(faults.status());
    CHECK(base::FromAbsl(faults.status().message()).find(bad.says) != std::string_view::npos);
  }
  CHECK(ParseFaults("", "f.toml")->empty());
}

TEST_CASE("A script names what the board has") {
  Fixture f;
  using F = Fault;
  CHECK(f.board.SetFaults({F{.kind = FaultKind::kAway, .cluster = "npu"}}).code() ==
        absl::StatusCode::kNotFound);
  CHECK(f.board.SetFaults({F{.kind = FaultKind::kTrip, .zone = "oven"}}).code() ==
        absl::StatusCode::kNotFound);
  CHECK(f.board.SetFaults({F{.kind = FaultKind::kStale, .rail = "X"}}).code() ==
        absl::StatusCode::kNotFound);
  CHECK(f.board.SetFaults({F{.kind = FaultKind::kForeign, .cluster = "gpu", .governor = "turbo"}})
            .code() == absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace dynofa::emulator
