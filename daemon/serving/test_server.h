#ifndef DYNOFA_DAEMON_SERVING_TEST_SERVER_H_
#define DYNOFA_DAEMON_SERVING_TEST_SERVER_H_

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "daemon/serving/server.h"
#include "grpcpp/grpcpp.h"
#include "proto/dynofa/v1/resource_manager.grpc.pb.h"
#include "proto/inference/grpc_service.grpc.pb.h"
#include "tests/support/catch.h"
#include "tests/support/fake_inference.h"
#include "tests/support/fake_manager.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace dynofa::serving {

/// A real server on a temporary socket, with fakes behind it.
struct TestServer {
  /// The test itself is an operator, unless `operators` says otherwise.
  explicit TestServer(config::AccessConfig access = {},
                      std::set<std::uint32_t> operators = {::geteuid()}) {
    ServerOptions options;
    options.socket = socket;
    options.access = std::move(access);
    options.operators = std::move(operators);
    auto created = Server::Create(std::move(options), manager, inference);
    REQUIRE(created.ok());
    server = *std::move(created);
  }

  const tests::TempDir dir;
  const std::string socket = dir / "d.sock";
  tests::FakeManager manager;
  tests::FakeInference inference;
  std::unique_ptr<Server> server;
};

/// A connection of its own and the stubs on it.
struct TestClient {
  explicit TestClient(const TestServer& server) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channel = grpc::CreateCustomChannel("unix:" + server.socket, grpc::InsecureChannelCredentials(),
                                        arguments);
    inference = inference::GRPCInferenceService::NewStub(channel);
    manager = v1::ResourceManager::NewStub(channel);
  }

  grpc::Status Infer(const inference::ModelInferRequest& request,
                     inference::ModelInferResponse* response) {
    grpc::ClientContext context;
    SetPatience(context);
    return inference->ModelInfer(&context, request, response);
  }

  /// So that no test waits for ever.
  static void SetPatience(grpc::ClientContext& context) {
    context.set_deadline(std::chrono::system_clock::now() + tests::kPatience);
  }

  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<inference::GRPCInferenceService::Stub> inference;
  std::unique_ptr<v1::ResourceManager::Stub> manager;
};

/// A request that the fake accepts: an image of `height` x 4.
inline inference::ModelInferRequest ToyRequest(std::int64_t height = 2) {
  inference::ModelInferRequest request;
  request.set_model_name("toy");
  auto* const input = request.add_inputs();
  input->set_name("image");
  input->set_datatype("UINT8");
  for (const std::int64_t extent : {height, std::int64_t{4}, std::int64_t{3}}) {
    input->add_shape(extent);
  }
  request.add_raw_input_contents(std::string(static_cast<std::size_t>(height) * 12, 'x'));
  return request;
}

}  // namespace dynofa::serving

#endif  // DYNOFA_DAEMON_SERVING_TEST_SERVER_H_
