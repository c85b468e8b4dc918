#include <csignal>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "daemon/serving/admission.h"
#include "daemon/serving/test_server.h"

namespace dynofa::serving {
namespace {

using tests::WaitUntil;

/// A session stream and what has come over it.
struct Stream {
  explicit Stream(TestClient& client) {
    TestClient::SetPatience(context);
    stream = client.manager->Session(&context);
  }
  void Open(const std::string& model = "toy", double latency_ms = 20.0) {
    v1::SessionRequest request;
    request.mutable_open()->set_model(model);
    request.mutable_open()->set_client_name("test");
    request.mutable_open()->mutable_requirement()->set_latency_ms(latency_ms);
    stream->Write(request);
  }
  void Require(double latency_ms) {
    v1::SessionRequest request;
    request.mutable_requirement()->set_latency_ms(latency_ms);
    stream->Write(request);
  }
  /// The next state; an empty one if the stream has ended.
  v1::SessionState Read() {
    v1::SessionState state;
    if (!stream->Read(&state)) state.Clear();
    return state;
  }

  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReaderWriter<v1::SessionRequest, v1::SessionState>> stream;
};

TEST_CASE("A session lives as long as its stream") {
  TestServer server;
  TestClient client(server);
  Stream stream(client);
  stream.Open();
  const v1::SessionState opened = stream.Read();
  CHECK(opened.session() == "s1");
  CHECK(opened.kind() == "stream");
  CHECK(opened.client_name() == "test");
  CHECK(opened.requirement().latency_ms() == 20.0);
  CHECK(opened.requirement().percentile() == 99.0);
  CHECK(opened.assignment().point().subnet() == "small");
  CHECK(opened.assignment().point().latency_label() == "modelled");

  SECTION("and changes its mind") {
    stream.Require(10.0);
    CHECK(stream.Read().requirement().latency_ms() == 10.0);
    CHECK(server.manager.sessions()[0].requirement.latency_ms == 10.0);
  }
  SECTION("and hears of decisions") {
    REQUIRE(WaitUntil([&] { return server.manager.watchers() == 1; }));
    server.manager.Decide("large");
    CHECK(stream.Read().assignment().point().subnet() == "large");
  }
  SECTION("and ends when the client is done") {
    stream.stream->WritesDone();
    CHECK(stream.Read().session().empty());
    CHECK(stream.stream->Finish().ok());
  }
  SECTION("and ends when the client cancels") {
    stream.context.TryCancel();
    CHECK(stream.stream->Finish().error_code() == grpc::StatusCode::CANCELLED);
  }
  SECTION("and ends when somebody closes it") {
    REQUIRE(WaitUntil([&] { return server.manager.watchers() == 1; }));
    server.manager.Decide("small");  // the stream has seen its session
    v1::CloseSessionRequest request;
    request.set_session(opened.session());
    v1::CloseSessionResponse response;
    grpc::ClientContext context;
    TestClient::SetPatience(context);
    REQUIRE(client.manager->CloseSession(&context, request, &response).ok());
    while (!stream.Read().session().empty()) {
    }
    CHECK(stream.stream->Finish().error_code() == grpc::StatusCode::ABORTED);
  }
  stream.context.TryCancel();
  CHECK(WaitUntil([&] { return server.manager.sessions().empty(); }));
  CHECK(WaitUntil([&] { return server.manager.watchers() == 0; }));
}

TEST_CASE("A stream that is used wrongly ends with a text") {
  TestServer server;
  TestClient client(server);
  Stream stream(client);
  auto expected = grpc::StatusCode::INVALID_ARGUMENT;
  SECTION("requirement first") { stream.Require(10.0); }
  SECTION("empty message") { stream.stream->Write(v1::SessionRequest()); }
  SECTION("malformed requirement") { stream.Open("toy", -1.0); }
  SECTION("unknown model") {
    stream.Open("unknown");
    expected = grpc::StatusCode::NOT_FOUND;
  }
  SECTION("opened twice") {
    stream.Open();
    CHECK_FALSE(stream.Read().session().empty());
    stream.Open();
  }
  SECTION("malformed change") {
    stream.Open();
    CHECK_FALSE(stream.Read().session().empty());
    stream.Require(0.0);
  }
  while (!stream.Read().session().empty()) {
  }
  const grpc::Status status = stream.stream->Finish();
  CHECK(status.error_code() == expected);
  CHECK_FALSE(status.error_message().empty());
  CHECK(WaitUntil([&] { return server.manager.sessions().empty(); }));
}

TEST_CASE("A session by lease is opened, changed, renewed and closed") {
  TestServer server;
  TestClient client(server);
  const auto call = [&](auto method, const auto& request, auto* response) {
    grpc::ClientContext context;
    TestClient::SetPatience(context);
    return (client.manager.get()->*method)(&context, request, response);
  };
  using Stub = v1::ResourceManager::Stub;
  v1::OpenSessionRequest open;
  open.set_model("toy");
  open.set_time_to_live_s(10);
  v1::SessionState state;
  REQUIRE(call(&Stub::OpenSession, open, &state).ok());
  CHECK(state.kind() == "lease");

  v1::UpdateSessionRequest update;
  update.set_session(state.session());
  update.mutable_requirement()->set_min_accuracy(0.6);
  REQUIRE(call(&Stub::UpdateSession, update, &state).ok());
  CHECK(state.requirement().min_accuracy() == 0.6);

  v1::RenewSessionRequest renew;
  renew.set_session(state.session());
  CHECK(call(&Stub::RenewSession, renew, &state).ok());
  renew.set_time_to_live_s(1e9);
  CHECK(call(&Stub::RenewSession, renew, &state).error_code() ==
        grpc::StatusCode::INVALID_ARGUMENT);

  v1::CloseSessionRequest close;
  close.set_session(state.session());
  v1::CloseSessionResponse closed;
  CHECK(call(&Stub::CloseSession, close, &closed).ok());
  CHECK(call(&Stub::CloseSession, close, &closed).error_code() == grpc::StatusCode::NOT_FOUND);
  CHECK(server.manager.sessions().empty());

  open.set_client_name(std::string(65, 'x'));
  CHECK(call(&Stub::OpenSession, open, &state).error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  open.set_client_name("two\nlines");
  CHECK(call(&Stub::OpenSession, open, &state).error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  open.set_client_name("");
  open.set_time_to_live_s(0.5);
  CHECK(call(&Stub::OpenSession, open, &state).error_code() == grpc::StatusCode::INVALID_ARGUMENT);
}

/// A RenewSession that goes on by itself.
struct Renewal {
  explicit Renewal(TestClient& client) {
    request.set_session("none");
    client.manager->async()->RenewSession(
        &context, &request, &response,
        [this](grpc::Status status) { ended.set_value(status.error_code()); });
  }

  grpc::ClientContext context;
  v1::RenewSessionRequest request;
  v1::SessionState response;
  std::promise<grpc::StatusCode> ended;
};

TEST_CASE("Cancelled calls count until the manager is done with them") {
  TestServer server;
  TestClient client(server);
  server.manager.Stall();
  std::vector<std::unique_ptr<Renewal>> renewals;
  const std::size_t most = Admission::kMaxSessionCalls;
  while (renewals.size() < most) {
    renewals.push_back(std::make_unique<Renewal>(client));
    REQUIRE(WaitUntil([&] { return server.manager.session_calls() == renewals.size(); }));
    renewals.back()->context.TryCancel();
    CHECK(renewals.back()->ended.get_future().get() == grpc::StatusCode::CANCELLED);
  }
  CHECK(Renewal(client).ended.get_future().get() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  server.manager.Resume();
  CHECK(WaitUntil(
      [&] { return Renewal(client).ended.get_future().get() == grpc::StatusCode::NOT_FOUND; }));
}

TEST_CASE("Cancelled streams count until the manager is done with them") {
  TestServer server;
  TestClient client(server);
  server.manager.Stall();
  for (std::size_t i = 0; i < Admission::kMaxStreams; ++i) {
    Stream stream(client);
    stream.Open();
    REQUIRE(WaitUntil([&] { return server.manager.session_calls() == i + 1; }));
    stream.context.TryCancel();
    CHECK(stream.stream->Finish().error_code() == grpc::StatusCode::CANCELLED);
  }
  const auto outcome = [&] {
    Stream stream(client);
    stream.Open("unknown");
    CHECK(stream.Read().session().empty());
    return stream.stream->Finish().error_code();
  };
  CHECK(outcome() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  server.manager.Resume();
  CHECK(WaitUntil([&] { return outcome() == grpc::StatusCode::NOT_FOUND; }));
  CHECK(WaitUntil([&] { return server.manager.sessions().empty(); }));
}

TEST_CASE("A response time beyond a day is refused with the bound") {
  TestServer server;
  TestClient client(server);
  v1::OpenSessionRequest open;
  open.set_model("toy");
  open.mutable_requirement()->set_latency_ms(1e300);
  v1::SessionState state;
  grpc::ClientContext context;
  TestClient::SetPatience(context);
  const grpc::Status status = client.manager->OpenSession(&context, open, &state);
  CHECK(status.error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  CHECK(status.error_message().find("86400000") != std::string::npos);
}

TEST_CASE("A priority that a user may not have is refused") {
  config::AccessConfig access;
  access.defaults.highest_priority = 4;
  TestServer server(access);
  TestClient client(server);
  v1::OpenSessionRequest open;
  open.set_model("toy");
  open.mutable_requirement()->set_priority(1);
  v1::SessionState state;
  grpc::ClientContext context;
  TestClient::SetPatience(context);
  CHECK(client.manager->OpenSession(&context, open, &state).error_code() ==
        grpc::StatusCode::PERMISSION_DENIED);
}

TEST_CASE("The status is shown once and after each decision") {
  TestServer server;
  TestClient client(server);
  v1::Status status;
  {
    grpc::ClientContext context;
    TestClient::SetPatience(context);
    REQUIRE(client.manager->GetStatus(&context, {}, &status).ok());
  }
  CHECK(status.power_mode() == "balanced");
  CHECK(status.power_modes_size() == 3);
  CHECK(status.emulated_board() == "test-board");
  CHECK(status.power_label() == "emulated");
  REQUIRE(status.clusters_size() == 1);
  CHECK(status.clusters(0).highest_khz() == 1'000'000);
  CHECK(status.reasons(0).code() == "fake");

  grpc::ClientContext context;
  TestClient::SetPatience(context);
  const auto stream = client.manager->WatchStatus(&context, {});
  v1::Status first;
  REQUIRE(stream->Read(&first));
  server.manager.Decide("large");
  v1::Status second;
  REQUIRE(stream->Read(&second));
  CHECK(second.decision_number() > first.decision_number());
  context.TryCancel();
  CHECK(stream->Finish().error_code() == grpc::StatusCode::CANCELLED);
  CHECK(WaitUntil([&] { return server.manager.watchers() == 0; }));
}

TEST_CASE("A client that is killed takes its sessions along") {
  TestServer server;
  const auto client = tests::Process::Start({DYNOFA_SERVING_TEST_CLIENT, server.socket});
  REQUIRE(client->WaitForOutput("ready"));
  REQUIRE(WaitUntil([&] { return server.manager.sessions().size() == 2; }));
  for (const auto& session : server.manager.sessions()) {
    CHECK(session.caller.pid == client->pid());
  }
  client->Stop(SIGKILL);
  CHECK(WaitUntil([&] { return server.manager.sessions().empty(); },
                  std::chrono::milliseconds(1000)));
}

}  // namespace
}  // namespace dynofa::serving
