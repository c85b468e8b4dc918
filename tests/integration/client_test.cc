// libdynofa and dynofactl against a real server with fakes behind it.

#include "dynofa/client.h"

#include <csignal>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "daemon/serving/test_server.h"
#include "dynofa/power_mode.h"

namespace dynofa {
namespace {

using client::Client;
using client::ErrorCode;
using nlohmann::json;
using serving::TestServer;
using tests::WaitUntil;

Client Connect(const TestServer& server) {
  auto client = Client::Connect({server.socket});
  REQUIRE(client.ok());
  return std::move(client).value();
}

/// A picture of `height` x 4, all of one value.
struct Picture {
  explicit Picture(int rows = 2) : height(rows), pixels(static_cast<std::size_t>(rows) * 12, 9) {}
  client::ImageView view() const { return {pixels.data(), 4, height}; }

  int height;
  std::vector<std::uint8_t> pixels;
};

tests::Finished Ctl(const TestServer& server, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), DYNOFACTL);
  return tests::RunProgram(std::move(arguments), {{"DYNOFA_SOCKET", server.socket}});
}

/// The JSON lines of an output, by their "type" or "event".
std::vector<json> Lines(const std::string& output, const std::string& kind) {
  std::vector<json> found;
  std::istringstream stream(output);
  for (std::string line; std::getline(stream, line);) {
    const json parsed = json::parse(line, nullptr, false);
    if (!parsed.is_object()) continue;
    if (parsed.value("type", "") == kind || parsed.value("event", "") == kind) {
      found.push_back(parsed);
    }
  }
  return found;
}

TEST_CASE("A client without a daemon is told what to do") {
  const tests::TempDir dir;
  const auto absent = Client::Connect({dir / "none.sock"});
  REQUIRE_FALSE(absent.ok());
  CHECK(absent.error().code == ErrorCode::kNotFound);
  CHECK(absent.error().message.find("systemctl start dynofad") != std::string::npos);
  CHECK_FALSE(Client::Connect({std::string(200, 'x')}).ok());

  const auto run = tests::RunProgram({DYNOFACTL, "status", "--socket", dir / "none.sock"});
  CHECK(run.status.code == 1);
  CHECK(run.output.find("no dynofa daemon") != std::string::npos);
}

TEST_CASE("A client can wait for a daemon that is starting") {
  const tests::TempDir dir;
  const std::string socket = dir / "late.sock";
  auto connecting = std::async(std::launch::async, [&] {
    return Client::Connect({socket, tests::kPatience}).ok();
  });
  tests::FakeManager manager;
  tests::FakeInference inference;
  serving::ServerOptions options;
  options.socket = socket;
  const auto server = serving::Server::Create(options, manager, inference);
  REQUIRE(server.ok());
  CHECK(connecting.get());
}

TEST_CASE("The library infers and reads what there is to see") {
  TestServer server;
  Client client = Connect(server);
  const auto model = client.GetModel();
  REQUIRE(model.ok());
  CHECK(model->name == "toy");
  CHECK(model->labels == std::vector<std::string>{"cat", "dog", "ship"});
  REQUIRE(model->subnets.size() == 2);
  CHECK(model->subnets[1].accuracy == Approx(0.75));

  const auto answer = client.Infer(Picture().view(), {.slo_ms = 20.0, .subnet = "large"});
  REQUIRE(answer.ok());
  CHECK(answer->logits == std::vector<float>{24.0f, 9.0f, 9.0f});
  CHECK(answer->subnet == "large");
  CHECK(answer->time_label == "measured");
  CHECK(answer->energy_mj == 12.0);
  CHECK(answer->board == "emulated:test-board");
  CHECK(server.inference.last()->slo_ms == 20.0);

  const std::vector<float> values(12, 0.5f);
  CHECK(client.Infer(client::TensorView{values.data(), 2}).ok());
  CHECK(server.inference.last()->input.type == engine::DataType::kFloat32);

  const auto status = client.GetStatus();
  REQUIRE(status.ok());
  CHECK(status->power_mode == "balanced");
  CHECK(status->clusters[0].highest_khz == 1'000'000);

  CHECK(client.Infer(client::ImageView{}).error().code == ErrorCode::kInvalidArgument);
  CHECK(client.Infer(Picture().view(), {.model = "unknown"}).error().code == ErrorCode::kNotFound);
  CHECK(client.Infer(Picture().view(), {.timeout_ms = -1.0}).error().code ==
        ErrorCode::kInvalidArgument);
}

TEST_CASE("Requests in flight end with the client") {
  TestServer server;
  server.inference.Hold();
  std::promise<ErrorCode> ended;
  {
    Client client = Connect(server);
    client.InferAsync(Picture().view(), {},
                      [&](const auto& result) { ended.set_value(result.error().code); });
    REQUIRE(WaitUntil([&] { return server.inference.held() == 1; }));
  }
  CHECK(ended.get_future().get() == ErrorCode::kCancelled);
  CHECK(WaitUntil([&] { return server.inference.held() == 0; }));
}

TEST_CASE("What callbacks hold is gone when the client is") {
  TestServer server;
  for (int i = 0; i < 20; ++i) {
    const auto held = std::make_shared<std::promise<void>>();
    {
      Client client = Connect(server);
      client.InferAsync(Picture().view(), {}, [held](const auto&) { held->set_value(); });
      held->get_future().wait();
    }
    CHECK(held.use_count() == 1);
  }
}

TEST_CASE("A session changes its mind, hears of decisions and ends with its object") {
  TestServer server;
  Client client = Connect(server);
  std::promise<std::string> heard;
  {
    client::SessionOptions options;
    options.name = "camera";
    options.requirement.latency_ms = 20.0;
    auto session = client.OpenSession(options, [&](const client::SessionInfo& info) {
      if (info.assignment->point.subnet == "large") heard.set_value(info.id);
    });
    REQUIRE(session.ok());
    CHECK(session->open());
    CHECK(session->info().client_name == "camera");
    CHECK(session->info().assignment->point.subnet == "small");

    const auto changed = session->SetRequirement({.min_accuracy = 0.7});
    REQUIRE(changed.ok());
    CHECK(server.manager.sessions()[0].requirement.min_accuracy == 0.7);
    const auto refused = session->SetRequirement({.latency_ms = -1.0});
    CHECK(refused.error().code == ErrorCode::kInvalidArgument);
    CHECK(session->open());

    REQUIRE(WaitUntil([&] { return server.manager.watchers() == 1; }));
    server.manager.Decide("large");
    CHECK(heard.get_future().get() == session->id());

    CHECK(client.Infer(Picture().view(), {.session = session->id()}).ok());
    CHECK(server.inference.last()->session == session->id());
  }
  CHECK(WaitUntil([&] { return server.manager.sessions().empty(); }));

  CHECK(client.OpenSession({.model = "unknown"}).error().code == ErrorCode::kNotFound);
}

TEST_CASE("A session opens again when the daemon comes back, as last asked for") {
  const tests::TempDir dir;
  serving::ServerOptions options;
  options.socket = dir / "d.sock";
  tests::FakeManager manager;
  tests::FakeInference inference;
  auto first = serving::Server::Create(options, manager, inference);
  REQUIRE(first.ok());
  auto client = Client::Connect({options.socket});
  REQUIRE(client.ok());
  auto session = client->OpenSession({.requirement = {.latency_ms = 20.0}});
  REQUIRE(session.ok());
  REQUIRE(session->SetRequirement({.latency_ms = 10.0}).ok());
  const std::string id = session->id();

  first->reset();
  REQUIRE(WaitUntil([&] { return !session->open(); }));
  const auto second = serving::Server::Create(options, manager, inference);
  REQUIRE(second.ok());
  REQUIRE(WaitUntil([&] { return session->open(); }));
  CHECK(session->id() != id);
  CHECK(session->info().requirement.latency_ms == 10.0);
  CHECK(client->Infer(Picture().view()).ok());
}

TEST_CASE("A bus that is not there is said to be so") {
  const auto modes = client::GetPowerModes("unix:path=/nowhere/at/all");
  REQUIRE_FALSE(modes.ok());
  CHECK(modes.error().code == ErrorCode::kUnavailable);
  CHECK(modes.error().message.find("unix:path=/nowhere/at/all") != std::string::npos);
  CHECK_FALSE(client::SetPowerMode("balanced", "unix:path=/nowhere/at/all").ok());
}

TEST_CASE("dynofactl shows what was found of the board") {
  TestServer server;
  const auto board = Ctl(server, {"board"});
  CHECK(board.status.code == 0);
  for (const char* text : {"EMULATED board test-board", "cpu0 (cpu)", "may be set",
                           "CPU-therm of cpu0: 41.5 C, critical at 96.5 C",
                           "VDD_IN (ina3221): 4.50 W, in the board's power", "memory at 1600 MHz",
                           "turbo (cpufreq): on", "a note"}) {
    INFO(text);
    CHECK(board.output.find(text) != std::string::npos);
  }
  const auto parsed = json::parse(Ctl(server, {"board", "--json"}).output);
  CHECK(parsed["clusters"][0]["writable"] == true);
  CHECK(parsed["zones"][0]["trips"][0]["type"] == "critical");
  CHECK(parsed["rails"][0]["power_w"] == 4.5);
  CHECK(parsed["power_label"] == "emulated");
  CHECK(parsed["cpu_pressure"].is_null());
}

TEST_CASE("dynofactl shows status and reasons") {
  TestServer server;
  Client client = Connect(server);
  const auto session = client.OpenSession({.name = "camera", .requirement = {.latency_ms = 20.0}});
  REQUIRE(session.ok());

  const auto status = Ctl(server, {"status"});
  CHECK(status.status.code == 0);
  for (const char* text : {"EMULATED", "balanced", "cpu0", "camera", "4.50 W (emulated)",
                           "latency 20.0 ms", "note: a note"}) {
    INFO(text);
    CHECK(status.output.find(text) != std::string::npos);
  }
  const auto parsed = json::parse(Ctl(server, {"status", "--json"}).output);
  CHECK(parsed["sessions"][0]["requirement"]["latency_ms"] == 20.0);
  CHECK(parsed["sessions"][0]["requirement"]["min_accuracy"].is_null());

  const auto explained = Ctl(server, {"explain"});
  CHECK(explained.output.find("the test decided so") != std::string::npos);
}

TEST_CASE("dynofactl classifies pictures and refuses what is none") {
  TestServer server;
  const tests::TempDir dir;
  // The smallest PNG: 1 x 1, grey.
  const std::string png(
      "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x8\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9c"
      "c`\0\0\0\2\0\1H\xaf\xa4q\0\0\0\0IEND\xae"
      "B`\x82",
      67);
  const std::string file = dir.Write("grey.png", png);
  const auto text = Ctl(server, {"infer", file});
  INFO(text.output);
  CHECK(text.status.code == 0);
  CHECK(text.output.find("cat") != std::string::npos);
  CHECK(text.output.find("(measured)") != std::string::npos);
  CHECK(server.inference.last()->input.shape == std::vector<std::int64_t>{1, 1, 1, 3});

  const auto parsed =
      json::parse(Ctl(server, {"infer", "--json", "--subnet", "large", file}).output);
  CHECK(parsed["label"] == "cat");
  CHECK(parsed["subnet"] == "large");
  CHECK(parsed["top"].size() == 3);

  CHECK(Ctl(server, {"infer", dir.Write("text.jpg", "no picture")}).status.code == 2);
  CHECK(Ctl(server, {"infer", "--model", "unknown", file}).status.code == 1);
  CHECK(Ctl(server, {"infer"}).status.code == 2);
}

TEST_CASE("dynofactl runs a load and says what became of it") {
  TestServer server;
  const auto run = Ctl(server, {"run", "--json", "--name", "load", "--rate", "200", "--latency-ms",
                                "10000", "--count", "20"});
  INFO(run.output);
  CHECK(run.status.code == 0);
  REQUIRE(Lines(run.output, "session-opened").size() == 1);
  const auto summaries = Lines(run.output, "summary");
  REQUIRE(summaries.size() == 1);
  const json& summary = summaries[0];
  CHECK(summary["name"] == "load");
  CHECK(summary["sent"] == 20);
  CHECK(summary["completed"] == 20);
  CHECK(summary["missed"] == 0);
  CHECK(summary["subnets"]["small"] == 20);
  CHECK(summary["accuracy_expected"] == Approx(0.5));
  CHECK(summary["accuracy_measured"].is_null());
  CHECK(summary["energy_label"] == "modelled");
  CHECK(summary["p50_ms"].get<double>() > 0.0);
  // The session that the requests named has ended with the program.
  CHECK(WaitUntil([&] { return server.manager.sessions().empty(); }));
}

TEST_CASE("dynofactl changes the requirement while a load runs, and stops when told to") {
  TestServer server;
  const auto process = tests::Process::Start(
      {{DYNOFACTL, "run", "--json", "--rate", "20", "--latency-ms", "50", "--duration", "600",
        "--then", "0.1:latency_ms=20,min_accuracy=0.6", "--then", "0.2:latency_ms=none,priority=99",
        "--socket", server.socket},
       {},
       true});
  REQUIRE(process->WaitForOutput("requirement-changed"));
  REQUIRE(WaitUntil([&] {
    const auto sessions = server.manager.sessions();
    return !sessions.empty() && sessions[0].requirement.min_accuracy == 0.6;
  }));
  REQUIRE(process->WaitForOutput("requirement-refused"));
  server.manager.Decide("large");
  REQUIRE(process->WaitForOutput("assignment-changed"));
  REQUIRE(process->WaitForOutput("\"type\":\"report\""));
  const auto status = process->Stop(SIGINT);
  REQUIRE(status);
  CHECK(status->code == 0);
  CHECK(Lines(process->Output(), "summary").size() == 1);
}

TEST_CASE("dynofactl says what is wrong with a load") {
  TestServer server;
  CHECK(Ctl(server, {"run", "--then", "soon:latency_ms=1"}).status.code == 2);
  CHECK(Ctl(server, {"run", "--then", "1:speed=1"}).status.code == 2);
  CHECK(Ctl(server, {"run", "--images", "/nowhere"}).status.code == 2);
  CHECK(Ctl(server, {"run", "--latency-ms", "-5", "--count", "1"}).status.code == 1);
}

TEST_CASE("dynofactl profile begins, follows, shows and ends") {
  TestServer server;
  const auto begun = Ctl(server, {"profile", "--detach", "--cluster", "cpu0", "--again"});
  CHECK(begun.status.ok());
  CHECK(begun.output.find("running: 5 of 8 points (2 known before), cpu0 at 1000 MHz, 6 s, "
                          "about 4 s left") != std::string::npos);
  REQUIRE(server.manager.profile_request());
  CHECK(server.manager.profile_request()->again);

  const auto shown = Ctl(server, {"profile", "--show"});
  CHECK(shown.output.find("5.000 (4.500 to 6.000) emulated") != std::string::npos);
  CHECK(shown.output.find("1.50 W") != std::string::npos);
  const auto lines = Lines(Ctl(server, {"profile", "--show", "--json"}).output, "profile");
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["models"][0]["entries"][0]["median_ms"] == 5.0);

  const auto ended = Ctl(server, {"profile", "--cancel"});
  CHECK(ended.output.find("cancelled") != std::string::npos);
  CHECK(ended.output.find("not measured: gpu: nothing can run on it") != std::string::npos);
  CHECK(Ctl(server, {"profile", "--cancel"}).status.code == 1);
  CHECK(Ctl(server, {"profile", "--watch"}).status.code == 1);
  CHECK(Ctl(server, {"profile", "--show", "--cancel"}).status.code == 2);
}

TEST_CASE("dynofactl profile leaves the daemon at work, unless it is attached") {
  TestServer server;
  const auto start = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), DYNOFACTL);
    return tests::Process::Start(
        {.argv = std::move(arguments), .environment = {{"DYNOFA_SOCKET", server.socket}}});
  };
  const auto state = [&] { return server.manager.status()->profiling.state; };
  auto ctl = start({"profile"});
  REQUIRE(ctl->WaitForOutput("running: 5 of 8"));
  CHECK(ctl->Stop(SIGINT)->code == 1);
  CHECK(ctl->Output().find("goes on measuring") != std::string::npos);
  CHECK(state() == manager::ProfileState::kRunning);

  ctl = start({"profile", "--watch", "--attached"});
  REQUIRE(ctl->WaitForOutput("running: 5 of 8"));
  CHECK(ctl->Stop(SIGINT)->code == 1);
  CHECK(state() == manager::ProfileState::kCancelled);
}

}  // namespace
}  // namespace dynofa
