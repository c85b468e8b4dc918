#include "daemon/hardware/remote/protocol.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "daemon/base/strings.h"
#include "tests/support/catch.h"

namespace dynofa::hardware::remote {
namespace {

Greeting FullGreeting() {
  Greeting greeting;
  greeting.info.name = "board";
  policies::ClusterInfo cluster;
  cluster.id = "gpu";
  cluster.kind = policies::ClusterKind::kGpu;
  cluster.host_cpus = {1};
  cluster.frequencies_khz = {114750, 1109250};
  cluster.governors = {"ondemand"};
  cluster.capacity = 430;
  cluster.driver = "tegra194-cpufreq";
  cluster.continuous = true;
  cluster.writable = true;
  greeting.info.clusters = {cluster};
  policies::PowerMode mode;
  mode.name = "15W";
  mode.max_khz = {{"gpu", 803250}};
  mode.max_cores = {{"cpu4", 0}};
  mode.max_power_w = 15.0;
  greeting.info.vendor_modes = {mode, policies::PowerMode{}};
  greeting.info.zones = {{"CPU-therm", {{"passive", 70.5}, {"critical", 96.5}}}};
  greeting.info.rails = {{"VDD_IN", "ina3221", true}};
  greeting.info.findings = {{"turbo", "", "intel_pstate", "on"}};
  greeting.info.notes = {"one", "two"};
  return greeting;
}

TEST_CASE("A greeting survives the wire") {
  const auto decoded = DecodeGreeting(Encode(FullGreeting()));
  REQUIRE(decoded.ok());
  CHECK(decoded->refused.ok());
  REQUIRE(decoded->info.clusters.size() == 1);
  CHECK(decoded->info.clusters[0].kind == policies::ClusterKind::kGpu);
  CHECK(decoded->info.clusters[0].frequencies_khz == std::vector<std::int64_t>{114750, 1109250});
  REQUIRE(decoded->info.vendor_modes.size() == 2);
  CHECK(decoded->info.vendor_modes[0].max_khz.at("gpu") == 803250);
  CHECK(decoded->info.vendor_modes[0].max_power_w == 15.0);
  CHECK_FALSE(decoded->info.vendor_modes[1].max_power_w.has_value());
  CHECK(decoded->info.clusters[0].capacity == 430);
  CHECK(decoded->info.clusters[0].driver == "tegra194-cpufreq");
  CHECK(decoded->info.clusters[0].continuous);
  REQUIRE(decoded->info.zones.size() == 1);
  REQUIRE(decoded->info.zones[0].trips.size() == 2);
  CHECK(decoded->info.zones[0].trips[1].type == "critical");
  CHECK(decoded->info.zones[0].trips[1].temperature_c == 96.5);
  REQUIRE(decoded->info.rails.size() == 1);
  CHECK(decoded->info.rails[0].in_board_power);
  REQUIRE(decoded->info.findings.size() == 1);
  CHECK(decoded->info.findings[0].value == "on");
  CHECK(decoded->info.notes == std::vector<std::string>{"one", "two"});
}

TEST_CASE("A refusal survives the wire") {
  const auto decoded = DecodeGreeting(Encode(Greeting{absl::PermissionDeniedError("no"), {}}));
  REQUIRE(decoded.ok());
  CHECK(decoded->refused == absl::PermissionDeniedError("no"));
}

TEST_CASE("Requests survive the wire") {
  const Request request{7, Op::kApply, {{"cpu0", "powersave", 1, 2}}, {{"gpu", 0.5, 1.5}}};
  const auto decoded = DecodeRequest(Encode(request));
  REQUIRE(decoded.ok());
  CHECK(decoded->id == 7);
  CHECK(decoded->op == Op::kApply);
  CHECK(decoded->settings == request.settings);
  CHECK(decoded->loads[0].busy == 0.5);
  CHECK(decoded->loads[0].cpus == 1.5);
  for (const Op op : {Op::kRead, Op::kRelease, Op::kLoad}) {
    CHECK(DecodeRequest(Encode(Request{.op = op}))->op == op);
  }
}

Answer FullAnswer() {
  Answer answer{.id = 9, .status = absl::UnavailableError("busy")};
  answer.applied.outcomes = {{"cpu0",
                              absl::InvalidArgumentError("bad \xff"),
                              {"cpu0", "", 1, 2},
                              {"cpu0", "", 1, 1},
                              "x"}};
  answer.reading.zones = {{"CPU-therm", "cpu0", 41.5}};
  answer.reading.rails = {{"VDD_IN", 3.5}};
  answer.reading.board_power_w = 3.5;
  answer.reading.board_power_over_s = 0.5;
  answer.reading.memory_khz = 1600000;
  answer.reading.appeared = FullGreeting().info.clusters;
  answer.reading.cpu_pressure = 0.25;
  ClusterReading cluster;
  cluster.cluster = "cpu0";
  cluster.available = false;
  cluster.foreign_load = 0.25;
  answer.reading.clusters = {cluster};
  return answer;
}

TEST_CASE("Answers survive the wire, text that is not UTF-8 included") {
  const Answer answer = FullAnswer();
  const auto decoded = DecodeAnswer(Encode(answer));
  REQUIRE(decoded.ok());
  CHECK(decoded->status == answer.status);
  CHECK(decoded->applied.outcomes[0].status.code() == absl::StatusCode::kInvalidArgument);
  CHECK(decoded->applied.outcomes[0].effective.max_khz == 1);
  CHECK(decoded->reading.zones[0].temperature_c == 41.5);
  CHECK(decoded->reading.memory_khz == 1600000);
  REQUIRE(decoded->reading.appeared.size() == 1);
  CHECK(decoded->reading.appeared[0].driver == "tegra194-cpufreq");
  CHECK(decoded->reading.cpu_pressure == 0.25);
  CHECK_FALSE(decoded->reading.clusters[0].available);
  CHECK(decoded->reading.clusters[0].foreign_load == 0.25);
}

// The fields of a message, in a text: "{a,b:{c},d:[{e}]}".
std::string Shape(const nlohmann::json& json) {
  if (json.is_array()) return json.empty() ? "[]" : "[" + Shape(json[0]) + "]";
  if (!json.is_object()) return "";
  std::string shape;
  for (const auto& [key, value] : json.items()) {
    const std::string inner = Shape(value);
    shape += (shape.empty() ? "" : ",") + key + (inner.empty() ? "" : ":" + inner);
  }
  return "{" + shape + "}";
}
std::string ShapeOf(const std::string& message) { return Shape(nlohmann::json::parse(message)); }

// Who changes a message changes the version, too: two programs of different releases must not
// misunderstand each other.
TEST_CASE("The messages are those of this version") {
  CHECK(kProtocolVersion == 4);
  CHECK(ShapeOf(Encode(FullGreeting())) ==
        "{info:{clusters:[{capacity,continuous,cores,driver,frequencies_khz:[],governors:[],"
        "host_cpus:[],id,kind,read_only_reason,writable}],emulated_board,emulated_model,"
        "findings:[{kind,name,source,value}],name,notes:[],rails:[{in_board_power,name,source}],"
        "vendor_modes:[{description,max_cores:{cpu4},max_khz:{gpu},max_power_w,max_share,name}],"
        "zones:[{trips:[{temperature_c,type}],type}]},refused:{code,text},v}");
  CHECK(
      ShapeOf(Encode(Request{7, Op::kApply, {{"cpu0", "powersave", 1, 2}}, {{"gpu", 0.5, 1.5}}})) ==
      "{id,loads:[{busy,cluster,cpus}],op,settings:[{cluster,governor,max_khz,min_khz}],v}");
  CHECK(ShapeOf(Encode(FullAnswer())) ==
        "{applied:[{cluster,effective:{cluster,governor,max_khz,min_khz},limited_by,"
        "requested:{cluster,governor,max_khz,min_khz},status:{code,text}}],id,"
        "reading:{appeared:[{capacity,continuous,cores,driver,frequencies_khz:[],governors:[],"
        "host_cpus:[],id,kind,read_only_reason,writable}],board_power_over_s,board_power_w,"
        "clusters:[{available,cluster,foreign_load,forgotten,"
        "frequency_khz,governor,left_to_others:[],limit_khz,limited_by,max_khz,min_khz,"
        "static_power_w}],cpu_pressure,memory_khz,other_actors:[],rails:[{name,power_w}],"
        "zones:[{cluster,temperature_c,type}]},status:{code,text},v}");
}

TEST_CASE("Another version is refused with both, whichever message it comes in") {
  const auto of_version_1 = [](std::string message) {
    const std::string mine = "\"v\":" + std::to_string(kProtocolVersion);
    REQUIRE(message.find(mine) != std::string::npos);
    return message.replace(message.find(mine), mine.size(), "\"v\":1");
  };
  const std::string text =
      "the other end speaks protocol version 1, this program version 4: install dynofad and "
      "dynofa-boardd of the same release and restart both";
  CHECK(DecodeGreeting(of_version_1(Encode(FullGreeting()))).status().message() == text);
  CHECK(DecodeRequest(of_version_1(Encode(Request{.id = 1}))).status().message() == text);
  CHECK(DecodeAnswer(of_version_1(Encode(FullAnswer()))).status().message() == text);
}

TEST_CASE("What is not a request is refused with a reason") {
  const std::string many(100000, '[');
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "not JSON"},
      {"\x00\x01", "not JSON"},
      {many, "not JSON"},
      {"[]", "must be an object"},
      {R"({"id":1})", "v is missing"},
      {R"({"v":1,"id":1})", "protocol version 1, this program version 4"},
      {R"({"v":4,"id":1,"op":"write","settings":[],"loads":[]})", "op must be"},
      {R"({"v":4,"id":-1,"op":"read","settings":[],"loads":[]})", "id must be"},
      {R"({"v":4,"id":1e40,"op":"read","settings":[],"loads":[]})", "id must be"},
      {R"({"v":4,"id":1,"op":"read","settings":{},"loads":[]})", "settings must be a list"},
      {R"({"v":4,"id":1,"op":"apply","settings":[{"cluster":1}],"loads":[]})", "cluster must be"},
      {R"({"v":4,"id":1,"op":"apply","settings":[{"cluster":"a","governor":"","min_khz":1.5}],
           "loads":[]})",
       "min_khz must be a whole number"},
      {R"({"v":4,"id":1,"op":"load","settings":[],"loads":[{"cluster":"a","busy":null}]})",
       "busy must be a number"},
  };
  for (const auto& [message, expected] : cases) {
    const auto decoded = DecodeRequest(message);
    REQUIRE_FALSE(decoded.ok());
    CHECK(decoded.status().code() == absl::StatusCode::kInvalidArgument);
    INFO(decoded.status().message());
    CHECK(base::FromAbsl(decoded.status().message()).find(expected) != std::string::npos);
  }
}

TEST_CASE("No truncation and no single changed byte makes a decoder misbehave") {
  const std::string good = Encode(Request{7, Op::kApply, {{"cpu0", "powersave", 1, 2}}, {}});
  for (std::size_t i = 0; i < good.size(); ++i) {
    CHECK_FALSE(DecodeRequest(good.substr(0, i)).ok());
    for (const char byte : {'\0', '"', '[', '9', '\xff'}) {
      std::string bad = good;
      bad[i] = byte;
      // Either refused or still a request; never a crash (run under sanitizers).
      if (const auto decoded = DecodeRequest(bad); decoded.ok())
        CHECK(decoded->settings.size() <= 1);
    }
  }
}

TEST_CASE("Lists and texts have a longest length") {
  Request request{1, Op::kApply, {}, {}};
  request.settings.resize(kMaxList + 1);
  CHECK_FALSE(DecodeRequest(Encode(request)).ok());
  request.settings = {{std::string(kMaxText + 1, 'x'), "", 0, 0}};
  CHECK_FALSE(DecodeRequest(Encode(request)).ok());
}

}  // namespace
}  // namespace dynofa::hardware::remote
