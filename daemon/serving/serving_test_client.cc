// A client for tests to kill: opens a session by stream, gets an implicit one by a request, says
// "ready" and waits. Usage: serving_test_client SOCKET

#include <unistd.h>

#include <iostream>
#include <string>

#include "grpcpp/grpcpp.h"
#include "proto/dynofa/v1/resource_manager.grpc.pb.h"
#include "proto/inference/grpc_service.grpc.pb.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto channel =
      grpc::CreateChannel(std::string("unix:") + argv[1], grpc::InsecureChannelCredentials());
  const auto manager = dynofa::v1::ResourceManager::NewStub(channel);
  grpc::ClientContext stream_context;
  const auto stream = manager->Session(&stream_context);
  dynofa::v1::SessionRequest open;
  open.mutable_open()->set_model("toy");
  dynofa::v1::SessionState state;
  if (!stream->Write(open) || !stream->Read(&state)) return 1;

  const auto inference = inference::GRPCInferenceService::NewStub(channel);
  inference::ModelInferRequest request;
  request.set_model_name("toy");
  auto* const input = request.add_inputs();
  input->set_name("image");
  input->set_datatype("UINT8");
  for (const int extent : {1, 1, 3}) input->add_shape(extent);
  request.add_raw_input_contents(std::string(3, 'x'));
  inference::ModelInferResponse response;
  grpc::ClientContext context;
  const grpc::Status status = inference->ModelInfer(&context, request, &response);
  if (!status.ok()) {
    std::cerr << status.error_message() << std::endl;
    return 1;
  }
  std::cout << "ready" << std::endl;
  ::pause();
  return 0;
}
