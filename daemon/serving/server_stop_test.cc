#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <future>
#include <string>
#include <vector>

#include "daemon/base/unique_fd.h"
#include "daemon/serving/test_server.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"

namespace dynofa::serving {
namespace {

using tests::WaitUntil;

grpc::ByteBuffer Bytes(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

/// HealthCheckResponse.status by grpc.health.v1.Health/Check: 1 serving, 2 not serving.
int Health(TestClient& client) {
  grpc::TemplatedGenericStub<grpc::ByteBuffer, grpc::ByteBuffer> stub(client.channel);
  grpc::ClientContext context;
  TestClient::SetPatience(context);
  grpc::CompletionQueue queue;
  const auto call =
      stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", Bytes(""), &queue);
  call->StartCall();
  grpc::ByteBuffer answer;
  grpc::Status status;
  call->Finish(&answer, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  REQUIRE(status.ok());
  std::vector<grpc::Slice> slices;
  REQUIRE(answer.Dump(&slices).ok());
  // Field 1 as a varint, which is all there is in the message.
  REQUIRE(slices.size() == 1);
  REQUIRE(slices[0].size() == 2);
  return slices[0].begin()[1];
}

TEST_CASE("A second server on the same socket is refused") {
  TestServer server;
  ServerOptions options;
  options.socket = server.socket;
  const auto second = Server::Create(options, server.manager, server.inference);
  CHECK(second.status().code() == absl::StatusCode::kAlreadyExists);
  TestClient client(server);
  inference::ModelInferResponse response;
  CHECK(client.Infer(ToyRequest(), &response).ok());
}

TEST_CASE("Health follows readiness") {
  TestServer server;
  TestClient client(server);
  CHECK(Health(client) == 1);
  server.server->SetReady(false);
  CHECK(Health(client) == 2);
}

TEST_CASE("A stop lets requests finish and refuses new ones") {
  TestServer server;
  TestClient client(server);
  server.inference.Hold();
  inference::ModelInferResponse response;
  auto held = std::async(std::launch::async, [&] { return client.Infer(ToyRequest(), &response); });
  REQUIRE(WaitUntil([&] { return server.inference.held() == 1; }));
  auto stop = std::async(std::launch::async, [&] { server.server->Shutdown(tests::kPatience); });
  CHECK(WaitUntil([&] {
    grpc::ClientContext context;
    inference::ServerLiveResponse live;
    return client.inference->ServerLive(&context, {}, &live).error_code() ==
           grpc::StatusCode::UNAVAILABLE;
  }));
  CHECK_FALSE(std::filesystem::exists(server.socket));
  server.inference.Release();
  CHECK(held.get().ok());
  stop.get();
}

TEST_CASE("A stop ends what does not end by itself") {
  TestServer server;
  TestClient client(server);
  server.inference.Hold(/*stuck=*/true);
  inference::ModelInferResponse response;
  auto held = std::async(std::launch::async, [&] { return client.Infer(ToyRequest(), &response); });
  REQUIRE(WaitUntil([&] { return server.inference.held() == 1; }));

  grpc::ClientContext session_context;
  TestClient::SetPatience(session_context);
  const auto session = client.manager->Session(&session_context);
  v1::SessionRequest open;
  open.mutable_open()->set_model("toy");
  session->Write(open);
  v1::SessionState state;
  REQUIRE(session->Read(&state));
  grpc::ClientContext watch_context;
  TestClient::SetPatience(watch_context);
  const auto watch = client.manager->WatchStatus(&watch_context, {});
  v1::Status status;
  REQUIRE(watch->Read(&status));

  server.server->Shutdown(std::chrono::milliseconds(20));
  CHECK(held.get().error_code() == grpc::StatusCode::UNAVAILABLE);
  while (session->Read(&state)) {
  }
  CHECK(session->Finish().error_code() == grpc::StatusCode::UNAVAILABLE);
  while (watch->Read(&status)) {
  }
  CHECK(watch->Finish().error_code() == grpc::StatusCode::UNAVAILABLE);
  // The engine's late answer goes nowhere.
  server.inference.Release();
}

TEST_CASE("A watch that a stop overtakes leaves nothing behind") {
  TestServer server;
  std::promise<void> entered;
  std::promise<void> leave;
  server.manager.on_watch = [&] {
    entered.set_value();
    leave.get_future().wait();
  };
  TestClient client(server);
  grpc::ClientContext context;
  TestClient::SetPatience(context);
  const auto watch = client.manager->WatchStatus(&context, {});
  entered.get_future().wait();
  auto stop =
      std::async(std::launch::async, [&] { server.server->Shutdown(base::Duration::zero()); });
  // Whoever is refused sees that the stop has begun, and it has nothing else to wait for.
  CHECK(WaitUntil([&] {
    grpc::ClientContext live_context;
    inference::ServerLiveResponse live;
    return !client.inference->ServerLive(&live_context, {}, &live).ok();
  }));
  leave.set_value();
  stop.get();
  v1::Status status;
  while (watch->Read(&status)) {
  }
  CHECK_FALSE(watch->Finish().ok());
  CHECK(server.manager.watchers() == 0);
}

TEST_CASE("A stop does not wait for a client that does not read") {
  TestServer server;
  TestClient client(server);
  grpc::ClientContext context;
  TestClient::SetPatience(context);
  const auto watch = client.manager->WatchStatus(&context, {});
  v1::Status status;
  REQUIRE(watch->Read(&status));
  for (int i = 0; i < 2000; ++i) server.manager.Decide(std::string(1000, 'x'));
  server.server->Shutdown(base::Duration::zero());
  while (watch->Read(&status)) {
  }
  CHECK_FALSE(watch->Finish().ok());
}

TEST_CASE("Garbage on the socket harms nobody") {
  TestServer server;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, server.socket.data(), server.socket.size());
  std::vector<base::UniqueFd> sockets;
  for (int i = 0; i < 20; ++i) {
    base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
    const std::string garbage =
        i % 2 == 0 ? std::string(1000, static_cast<char>(i))
                   : "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string(100, static_cast<char>(i));
    CHECK(::send(fd.get(), garbage.data(), garbage.size(), MSG_NOSIGNAL) > 0);
    sockets.push_back(std::move(fd));
  }
  TestClient client(server);
  inference::ModelInferResponse response;
  CHECK(client.Infer(ToyRequest(), &response).ok());
  sockets.clear();
  CHECK(client.Infer(ToyRequest(), &response).ok());
}

}  // namespace
}  // namespace dynofa::serving
