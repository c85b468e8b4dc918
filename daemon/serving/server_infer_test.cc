#include <functional>
#include <future>
#include <map>
#include <string>
#include <vector>

#include "daemon/serving/test_server.h"
#include "grpcpp/generic/generic_stub.h"

namespace dynofa::serving {
namespace {

using tests::WaitUntil;

using InferFuture = std::future<grpc::Status>;

/// Sends a request without waiting for the answer; `context` must outlive the future.
InferFuture Send(TestClient& client, grpc::ClientContext& context,
                 inference::ModelInferResponse& response) {
  TestClient::SetPatience(context);
  return std::async(std::launch::async, [&] {
    return client.inference->ModelInfer(&context, ToyRequest(), &response);
  });
}

TEST_CASE("Server and models introduce themselves") {
  TestServer server;
  TestClient client(server);
  const auto context = [] {
    auto made = std::make_unique<grpc::ClientContext>();
    TestClient::SetPatience(*made);
    return made;
  };

  inference::ServerLiveResponse live;
  REQUIRE(client.inference->ServerLive(context().get(), {}, &live).ok());
  CHECK(live.live());
  inference::ServerReadyResponse ready;
  REQUIRE(client.inference->ServerReady(context().get(), {}, &ready).ok());
  CHECK(ready.ready());
  server.server->SetReady(false);
  REQUIRE(client.inference->ServerReady(context().get(), {}, &ready).ok());
  CHECK_FALSE(ready.ready());
  server.server->SetReady(true);

  inference::ServerMetadataResponse metadata;
  REQUIRE(client.inference->ServerMetadata(context().get(), {}, &metadata).ok());
  CHECK(metadata.name() == "dynofa");
  CHECK(metadata.version() == DYNOFA_VERSION);

  inference::ModelReadyRequest named;
  named.set_name("toy");
  inference::ModelReadyResponse model_ready;
  REQUIRE(client.inference->ModelReady(context().get(), named, &model_ready).ok());
  CHECK(model_ready.ready());
  named.set_name("unknown");
  REQUIRE(client.inference->ModelReady(context().get(), named, &model_ready).ok());
  CHECK_FALSE(model_ready.ready());

  inference::ModelMetadataRequest about;
  about.set_name("toy");
  inference::ModelMetadataResponse model;
  REQUIRE(client.inference->ModelMetadata(context().get(), about, &model).ok());
  REQUIRE(model.inputs_size() == 1);
  CHECK(model.inputs(0).datatype() == "UINT8");
  CHECK(model.outputs(0).shape(1) == 3);
  CHECK(model.properties().at("labels") == "cat\ndog\nship");
  CHECK(model.properties().at("subnets") == "small\nlarge");
  // Stock clients parse the version as a number.
  CHECK(model.versions(0) == "1");

  inference::ModelConfigRequest config_request;
  config_request.set_name("toy");
  inference::ModelConfigResponse config;
  REQUIRE(client.inference->ModelConfig(context().get(), config_request, &config).ok());
  CHECK(config.config().name() == "toy");
  config_request.set_name("unknown");
  const grpc::Status unknown =
      client.inference->ModelConfig(context().get(), config_request, &config);
  CHECK(unknown.error_code() == grpc::StatusCode::NOT_FOUND);
  CHECK_FALSE(unknown.error_message().empty());
}

TEST_CASE("What is not supported says so in words") {
  TestServer server;
  TestClient client(server);
  auto& stub = *client.inference;
  std::map<std::string, grpc::Status> answers;
  const auto ask = [&](const char* name, auto method, auto request, auto response) {
    grpc::ClientContext context;
    TestClient::SetPatience(context);
    answers[name] = (stub.*method)(&context, request, &response);
  };
  using Stub = inference::GRPCInferenceService::Stub;
#define ASK(name) ask(#name, &Stub::name, inference::name##Request(), inference::name##Response())
  ASK(ModelStatistics);
  ASK(RepositoryIndex);
  ASK(RepositoryModelLoad);
  ASK(RepositoryModelUnload);
  ASK(SystemSharedMemoryStatus);
  ASK(SystemSharedMemoryRegister);
  ASK(SystemSharedMemoryUnregister);
  ASK(CudaSharedMemoryStatus);
  ASK(CudaSharedMemoryRegister);
  ASK(CudaSharedMemoryUnregister);
  ASK(TraceSetting);
  ASK(LogSettings);
#undef ASK
  grpc::ClientContext context;
  TestClient::SetPatience(context);
  answers["ModelStreamInfer"] = stub.ModelStreamInfer(&context)->Finish();

  // With the seven that are supported: every method there is.
  const auto* const service =
      inference::ModelInferRequest::descriptor()->file()->FindServiceByName("GRPCInferenceService");
  CHECK(static_cast<int>(answers.size()) + 7 == service->method_count());
  for (const auto& [name, status] : answers) {
    INFO(name);
    CHECK(status.error_code() == grpc::StatusCode::UNIMPLEMENTED);
    CHECK_FALSE(status.error_message().empty());
  }
}

TEST_CASE("An inference goes through and comes back") {
  TestServer server;
  TestClient client(server);
  auto request = ToyRequest();
  request.set_id("7");
  request.add_outputs()->set_name("logits");
  (*request.mutable_parameters())["slo_ms"].set_int64_param(25);
  inference::ModelInferResponse response;
  const grpc::Status status = client.Infer(request, &response);
  INFO(status.error_message());
  REQUIRE(status.ok());
  CHECK(response.id() == "7");
  float logits[3];
  REQUIRE(response.raw_output_contents(0).size() == sizeof(logits));
  std::memcpy(logits, response.raw_output_contents(0).data(), sizeof(logits));
  CHECK(logits[0] == 24.0f);
  CHECK(logits[1] == static_cast<float>('x'));
  CHECK(response.parameters().at("subnet").string_param() == "small");
  CHECK(response.parameters().at("energy_label").string_param() == "modelled");
  CHECK(response.parameters().at("board").string_param() == "emulated:test-board");

  const auto seen = server.inference.last();
  CHECK(seen->slo_ms == 25.0);
  CHECK(seen->caller.uid == ::getuid());
  CHECK(seen->caller.pid == ::getpid());
  REQUIRE(seen->deadline);
  CHECK(*seen->deadline > base::SteadyClock().Now());
}

TEST_CASE("A connection gets a session of its own, without waiting for it") {
  TestServer server;
  auto client = std::make_unique<TestClient>(server);
  inference::ModelInferResponse response;
  REQUIRE(client->Infer(ToyRequest(), &response).ok());
  REQUIRE(WaitUntil([&] { return server.manager.sessions().size() == 1; }));
  const manager::SessionView session = server.manager.sessions()[0];
  CHECK(session.kind == manager::SessionKind::kImplicit);
  CHECK(session.caller.pid == ::getpid());

  REQUIRE(WaitUntil([&] {
    return client->Infer(ToyRequest(), &response).ok() &&
           server.inference.last()->session == session.id;
  }));
  CHECK(server.manager.sessions().size() == 1);
  CHECK(server.inference.last()->outlives_session);

  SECTION("which ends with the connection") {
    client.reset();
    CHECK(WaitUntil([&] { return server.manager.sessions().empty(); }));
  }
  SECTION("which a request may pass over") {
    auto request = ToyRequest();
    (*request.mutable_parameters())["session"].set_string_param("other");
    REQUIRE(client->Infer(request, &response).ok());
    CHECK(server.inference.last()->session == "other");
    CHECK_FALSE(server.inference.last()->outlives_session);
  }
  SECTION("another than its neighbour's") {
    TestClient neighbour(server);
    REQUIRE(neighbour.Infer(ToyRequest(), &response).ok());
    CHECK(WaitUntil([&] { return server.manager.sessions().size() == 2; }));
  }
}

TEST_CASE("An implicit session that has ended costs no request and is replaced") {
  TestServer server;
  TestClient client(server);
  inference::ModelInferResponse response;
  const auto session_of_next = [&] {
    REQUIRE(client.Infer(ToyRequest(), &response).ok());
    return server.inference.last()->session;
  };
  REQUIRE(WaitUntil([&] { return session_of_next() == "s1"; }));
  server.inference.EndSession("s1");
  CHECK(session_of_next() == "");
  CHECK(WaitUntil([&] { return session_of_next() == "s2"; }));

  auto request = ToyRequest();
  (*request.mutable_parameters())["session"].set_string_param("s1");
  CHECK(client.Infer(request, &response).error_code() == grpc::StatusCode::NOT_FOUND);
}

TEST_CASE("An implicit session has the best priority that its user may have, up to the default") {
  const auto [highest, expected] = GENERATE(std::pair{1, 5}, std::pair{5, 5}, std::pair{8, 8});
  config::AccessConfig access;
  access.uids[::getuid()].highest_priority = highest;
  TestServer server(access);
  TestClient client(server);
  inference::ModelInferResponse response;
  REQUIRE(client.Infer(ToyRequest(), &response).ok());
  REQUIRE(WaitUntil([&] { return server.manager.sessions().size() == 1; }));
  CHECK(server.manager.sessions()[0].requirement.priority == expected);
}

TEST_CASE("Large requests on all streams of several connections are answered") {
  TestServer server;
  TestClient clients[] = {TestClient(server), TestClient(server)};
  constexpr std::int64_t kRows = 8000;
  std::vector<std::future<grpc::Status>> calls;
  for (int i = 0; i < 48; ++i) {
    calls.push_back(std::async(std::launch::async, [&client = clients[i % 2]] {
      inference::ModelInferResponse response;
      auto request = ToyRequest(kRows);
      return client.Infer(request, &response);
    }));
  }
  for (auto& call : calls) CHECK(call.get().ok());
}

TEST_CASE("A refused implicit session does not stop requests") {
  TestServer server;
  server.manager.RefuseSessions();
  TestClient client(server);
  inference::ModelInferResponse response;
  for (int i = 0; i < 3; ++i) {
    REQUIRE(client.Infer(ToyRequest(), &response).ok());
    CHECK(server.inference.last()->session.empty());
  }
}

TEST_CASE("Bad requests are refused one by one and the service stays up") {
  TestServer server;
  TestClient client(server);
  inference::ModelInferResponse response;

  auto unknown = ToyRequest();
  unknown.set_model_name("unknown");
  CHECK(client.Infer(unknown, &response).error_code() == grpc::StatusCode::NOT_FOUND);

  auto shorter = ToyRequest();
  shorter.mutable_raw_input_contents(0)->pop_back();
  const grpc::Status status = client.Infer(shorter, &response);
  CHECK(status.error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  CHECK(status.error_message().find("needs 24") != std::string::npos);

  server.inference.Refuse(absl::Status(absl::StatusCode::kFailedPrecondition, ""));
  const grpc::Status wordless = client.Infer(ToyRequest(), &response);
  CHECK(wordless.error_code() == grpc::StatusCode::FAILED_PRECONDITION);
  CHECK_FALSE(wordless.error_message().empty());
  server.inference.Refuse(absl::OkStatus());

  CHECK(client.Infer(ToyRequest(), &response).ok());
}

TEST_CASE("A message beyond every quota is refused") {
  config::AccessConfig access;
  access.defaults.max_in_flight_bytes = 1 << 20;
  TestServer server(access);
  TestClient client(server);
  inference::ModelInferResponse response;
  CHECK(client.Infer(ToyRequest(8192 * 32), &response).error_code() ==
        grpc::StatusCode::RESOURCE_EXHAUSTED);
  CHECK(server.inference.submitted() == 0);
  CHECK(client.Infer(ToyRequest(), &response).ok());
}

TEST_CASE("A user may have so many requests in flight") {
  config::AccessConfig access;
  access.defaults.max_in_flight = 1;
  TestServer server(access);
  TestClient client(server);
  server.inference.Hold();
  grpc::ClientContext context;
  inference::ModelInferResponse held;
  InferFuture first = Send(client, context, held);
  REQUIRE(WaitUntil([&] { return server.inference.held() == 1; }));

  inference::ModelInferResponse response;
  const grpc::Status second = client.Infer(ToyRequest(), &response);
  CHECK(second.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  CHECK_FALSE(second.error_message().empty());

  server.inference.Release();
  CHECK(first.get().ok());
  CHECK(WaitUntil([&] { return client.Infer(ToyRequest(), &response).ok(); }));
}

TEST_CASE("A client that gives up frees its request") {
  TestServer server;
  TestClient client(server);
  server.inference.Hold();
  grpc::ClientContext context;
  inference::ModelInferResponse response;

  SECTION("by cancelling") {
    InferFuture answer = Send(client, context, response);
    REQUIRE(WaitUntil([&] { return server.inference.held() == 1; }));
    context.TryCancel();
    CHECK(answer.get().error_code() == grpc::StatusCode::CANCELLED);
  }
  SECTION("by its deadline") {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(50));
    const grpc::Status status = client.inference->ModelInfer(&context, ToyRequest(), &response);
    CHECK(status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED);
  }
  CHECK(WaitUntil([&] { return server.inference.held() == 0; }));
}

TEST_CASE("A deadline that is past is refused at once") {
  TestServer server;
  TestClient client(server);
  auto request = ToyRequest();
  // Less than the clock's step: it has come when the request is looked at.
  (*request.mutable_parameters())["timeout"].set_double_param(1e-6);
  inference::ModelInferResponse response;
  const grpc::Status status = client.Infer(request, &response);
  CHECK(status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED);
  CHECK_FALSE(status.error_message().empty());
  CHECK(server.inference.submitted() == 0);
}

}  // namespace
}  // namespace dynofa::serving
