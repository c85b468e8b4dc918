// The main job with the real programs: inference, sessions, decisions, power modes, restore.

#include "tests/integration/service.h"

#include <signal.h>

#include <algorithm>

#include "tests/integration/sysfs_tree.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::tests {
namespace {

using SessionStream =
    grpc::ClientReaderWriter<dynofa::v1::SessionRequest, dynofa::v1::SessionState>;

dynofa::v1::SessionRequest OpenMessage(double latency_ms, double min_accuracy = 0.0) {
  dynofa::v1::SessionRequest message;
  message.mutable_open()->set_model(kModel);
  message.mutable_open()->set_client_name("test");
  auto& requirement = *message.mutable_open()->mutable_requirement();
  requirement.set_latency_ms(latency_ms);
  if (min_accuracy > 0.0) requirement.set_min_accuracy(min_accuracy);
  requirement.set_rate_hz(10);
  return message;
}

bool HasReason(const dynofa::v1::SessionState& state, const std::string& code) {
  for (const auto& reason : state.assignment().reasons()) {
    if (reason.code() == code) return true;
  }
  return false;
}

TEST_CASE("an image goes in, logits and how they came about go out") {
  Service service(Service::Board::kEmulated);
  Client client(service);
  for (const auto& [width, height] : {std::pair(32, 32), std::pair(640, 480), std::pair(33, 97)}) {
    inference::ModelInferResponse response;
    const grpc::Status status = client.Infer(ImageRequest(width, height), &response);
    INFO(status.error_message());
    REQUIRE(status.ok());
    REQUIRE(response.raw_output_contents_size() == 1);
    CHECK(response.raw_output_contents(0).size() == 10 * sizeof(float));
    // A busy machine may take longer than the board would; that time is the real one.
    const bool overrun = response.parameters().count("overrun") != 0;
    CHECK(response.parameters().at("time_label").string_param() ==
          (overrun ? "measured" : "emulated"));
    CHECK(response.parameters().at("board").string_param() == "emulated:jetson-xavier-nx");
    CHECK_FALSE(response.parameters().at("subnet").string_param().empty());
  }
}

TEST_CASE("a session's requirement decides where and how its requests run") {
  Service service(Service::Board::kEmulated);
  Client client(service);
  grpc::ClientContext context;
  context.set_deadline(CallDeadline());
  auto stream = client.manager().Session(&context);
  REQUIRE(stream->Write(OpenMessage(200.0)));
  dynofa::v1::SessionState state;
  REQUIRE(stream->Read(&state));
  CHECK(state.assignment().feasible());
  const std::string id = state.session();

  inference::ModelInferRequest request = ImageRequest();
  SetParameter(request, "session", id);
  inference::ModelInferResponse response;
  REQUIRE(client.Infer(request, &response).ok());
  CHECK(response.parameters().at("cluster").string_param() == state.assignment().point().cluster());

  dynofa::v1::SessionRequest impossible;
  impossible.mutable_requirement()->set_latency_ms(0.001);
  impossible.mutable_requirement()->set_min_accuracy(1.0);
  REQUIRE(stream->Write(impossible));
  do {
    REQUIRE(stream->Read(&state));
  } while (state.requirement().latency_ms() != 0.001);
  CHECK_FALSE(state.assignment().feasible());
  CHECK(HasReason(state, "latency-infeasible"));
  CHECK(HasReason(state, "accuracy-infeasible"));

  stream->WritesDone();
  while (stream->Read(&state)) {
  }
  CHECK(stream->Finish().ok());
  CHECK(WaitUntil([&] {
    const dynofa::v1::Status status = client.GetStatus();
    return std::none_of(status.sessions().begin(), status.sessions().end(),
                        [&](const auto& session) { return session.session() == id; });
  }));
}

TEST_CASE("a client that is killed loses its session") {
  Service service(Service::Board::kNone);
  const auto client =
      Process::Start({.argv = {DYNOFA_BIN_DIR "/dynofactl", "--socket", service.socket(), "run",
                               "--duration", "600", "--rate", "5", "--name", "victim", "--json"},
                      .environment = service.bus().environment()});
  Client observer(service);
  const auto victims = [&] {
    int count = 0;
    const dynofa::v1::Status status = observer.GetStatus();
    for (const auto& session : status.sessions()) {
      if (session.client_name() == "victim") ++count;
    }
    return count;
  };
  REQUIRE(WaitUntil([&] { return victims() == 1; }));
  client->Signal(SIGKILL);
  const auto killed = std::chrono::steady_clock::now();
  CHECK(WaitUntil([&] { return victims() == 0; }));
  // Shown, not checked: on a busy machine it says nothing about the service.
  WARN("the session ended after " << std::chrono::duration_cast<std::chrono::milliseconds>(
                                         std::chrono::steady_clock::now() - killed)
                                         .count()
                                  << " ms");
}

TEST_CASE("an operator changes the power mode over D-Bus, and clocks and decisions follow") {
  Service service(Service::Board::kEmulated);
  Client client(service);
  grpc::ClientContext context;
  context.set_deadline(CallDeadline());
  auto stream = client.manager().Session(&context);
  REQUIRE(stream->Write(OpenMessage(1000.0)));
  dynofa::v1::SessionState state;
  REQUIRE(stream->Read(&state));

  const auto set_mode = [&](const std::string& mode) {
    return service.bus().Busctl(
        {"call", "org.dynofa1", "/org/dynofa1", "org.dynofa1.Manager", "SetPowerMode", "s", mode});
  };
  const auto frequency = [&] {
    const dynofa::v1::Status status = client.GetStatus();
    for (const auto& session : status.sessions()) {
      if (session.session() == state.session()) {
        return session.assignment().point().frequency_khz();
      }
    }
    return std::int64_t{0};
  };
  REQUIRE(WaitUntil([&] { return set_mode("performance").status.ok(); }));
  CHECK(client.GetStatus().power_mode() == "performance");
  const std::int64_t fast = frequency();
  REQUIRE(set_mode("power-saver").status.ok());
  CHECK(frequency() < fast);
  const Finished unknown = set_mode("turbo");
  CHECK_FALSE(unknown.status.ok());
  CHECK(unknown.output.find("performance") != std::string::npos);
  CHECK(client.GetStatus().power_mode() == "power-saver");

  const Finished mode = service.Ctl({"mode", "balanced"});
  INFO(mode.output);
  CHECK(mode.status.ok());
  CHECK(client.GetStatus().power_mode() == "balanced");
}

TEST_CASE("the knobs of a copied sysfs tree are as they were, however the programs end") {
  const int signal = GENERATE(SIGTERM, SIGKILL);
  Service service(Service::Board::kSysfs);
  const auto before = [] {
    TempDir fresh;
    WriteSysfsTree(fresh, "sys");
    return ReadTree(fresh.path() / "sys");
  }();
  Client client(service);
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<SessionStream>> streams;
  const auto touched = [&] {
    int clusters = 0;
    const auto now = ReadTree(service.sysfs_root());
    for (const char* policy : {"policy0", "policy2"}) {
      const std::string folder = std::string("devices/system/cpu/cpufreq/") + policy;
      if (now.at(folder + "/scaling_min_freq") != before.at(folder + "/scaling_min_freq") ||
          now.at(folder + "/scaling_max_freq") != before.at(folder + "/scaling_max_freq")) {
        ++clusters;
      }
    }
    return clusters;
  };
  // Sessions until both clusters are in use, and so are set. A machine that is busy with something
  // else refuses those that ask for more than it has left.
  double rate_hz = 300.0;
  for (int i = 0; i < 12 && touched() < 2; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    contexts.back()->set_deadline(CallDeadline());
    streams.push_back(client.manager().Session(contexts.back().get()));
    auto message = OpenMessage(50.0);
    message.mutable_open()->mutable_requirement()->set_rate_hz(rate_hz);
    REQUIRE(streams.back()->Write(message));
    dynofa::v1::SessionState state;
    REQUIRE(streams.back()->Read(&state));
    if (!state.assignment().feasible()) rate_hz /= 2.0;
    WaitUntil([&] { return touched() == 2; }, std::chrono::milliseconds(300));
  }
  CHECK(WaitUntil([&] { return touched() == 2; }));

  SECTION("dynofad ends") { REQUIRE(service.daemon()->Stop(signal).has_value()); }
  SECTION("dynofa-boardd ends, and is started again if it was killed") {
    REQUIRE(service.boardd()->Stop(signal).has_value());
    if (signal == SIGKILL) {
      REQUIRE(service.daemon()->Stop(signal).has_value());
      std::filesystem::remove(service.dir() / "board.sock");
      service.StartBoardd();
    }
  }
  CHECK(WaitUntil([&] { return ReadTree(service.sysfs_root()) == before; }));
  for (auto& context : contexts) context->TryCancel();
}

TEST_CASE("without dynofa-boardd the daemon serves, and says so") {
  Service service(Service::Board::kNone);
  Client client(service);
  CHECK(client.Infer(ImageRequest()).ok());
  const dynofa::v1::Status status = client.GetStatus();
  REQUIRE(status.notes_size() >= 1);
  CHECK(status.notes(0).find("serving without knobs") == 0);
  CHECK_FALSE(status.clusters(0).writable());
}

TEST_CASE("losing the board or the bus does not stop the service") {
  Service service(Service::Board::kEmulated);
  Client client(service);
  service.boardd()->Stop(SIGKILL);
  CHECK(WaitUntil([&] {
    return client.GetStatus().notes_size() > 0 && !client.GetStatus().clusters(0).writable();
  }));
  CHECK(client.Infer(ImageRequest()).ok());
  std::filesystem::remove(service.dir() / "board.sock");
  service.StartBoardd();
  CHECK(WaitUntil([&] { return client.GetStatus().clusters(0).writable(); }));
}

TEST_CASE("a second dynofad is refused and the first one serves on") {
  Service service(Service::Board::kNone);
  const Finished second = RunProgram({DYNOFA_BIN_DIR "/dynofad", "--config", service.config()},
                                     service.bus().environment());
  CHECK(second.status.code == 1);
  CHECK(second.output.find(service.socket()) != std::string::npos);
  Client client(service);
  CHECK(client.Infer(ImageRequest()).ok());
}

TEST_CASE("stopping is orderly and leaves no socket behind") {
  Service service(Service::Board::kEmulated);
  const auto ended = service.daemon()->Stop(SIGTERM);
  REQUIRE(ended.has_value());
  CHECK(ended->code == 0);
  CHECK(service.daemon()->Output().find("stopped") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(service.socket()));
}

TEST_CASE("dynofactl shows what the service does") {
  Service service(Service::Board::kEmulated);
  const Finished status = service.Ctl({"status"});
  INFO(status.output);
  CHECK(status.status.ok());
  CHECK(status.output.find("emulated") != std::string::npos);
  const Finished json = service.Ctl({"status", "--json"});
  CHECK(json.status.ok());
  CHECK(json.output.find("\"power_mode\"") != std::string::npos);
  CHECK(service.Ctl({"explain"}).status.ok());
}

}  // namespace
}  // namespace dynofa::tests
