// What clients and files can send that is wrong: each gets a clear error, and the service stays up.

#include <limits>
#include <string>

#include "tests/integration/service.h"
#include "tests/support/catch.h"

namespace dynofa::tests {
namespace {

bool Mentions(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

/// One service for all requests of this file: each of them must leave it alive for the next.
Service& Shared() {
  static Service service(Service::Board::kNone);
  return service;
}

void CheckRefused(const inference::ModelInferRequest& request, grpc::StatusCode code,
                  const std::string& part) {
  Client client(Shared());
  const grpc::Status status = client.Infer(request);
  INFO(status.error_message());
  CHECK(status.error_code() == code);
  CHECK(Mentions(status.error_message(), part));
  CHECK(client.Infer(ImageRequest()).ok());
}

/// A side that the model takes floats at.
int AcceptedSide() {
  Client client(Shared());
  grpc::ClientContext context;
  context.set_deadline(CallDeadline());
  inference::ModelMetadataRequest request;
  request.set_name(kModel);
  inference::ModelMetadataResponse metadata;
  REQUIRE(client.inference().ModelMetadata(&context, request, &metadata).ok());
  return std::stoi(metadata.properties().at("resolutions"));
}

inference::ModelInferRequest FloatRequest(int side, float value) {
  inference::ModelInferRequest request = ImageRequest();
  auto* const input = request.mutable_inputs(0);
  input->set_datatype("FP32");
  input->clear_shape();
  for (const int extent : {1, 3, side, side}) input->add_shape(extent);
  std::string bytes;
  for (int i = 0; i < 3 * side * side; ++i) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  request.set_raw_input_contents(0, bytes);
  return request;
}

TEST_CASE("an unknown model names the ones there are") {
  auto request = ImageRequest();
  request.set_model_name("resnet");
  CheckRefused(request, grpc::StatusCode::NOT_FOUND, kModel);
}

TEST_CASE("an unknown session is said to be unknown") {
  auto request = ImageRequest();
  SetParameter(request, "session", "s1-0000000000000000");
  CheckRefused(request, grpc::StatusCode::NOT_FOUND, "session");
}

TEST_CASE("wrong shapes and datatypes") {
  auto request = ImageRequest();
  request.mutable_inputs(0)->set_shape(3, 4);
  CheckRefused(request, grpc::StatusCode::INVALID_ARGUMENT, "shape");
  request = ImageRequest();
  request.mutable_inputs(0)->set_datatype("FP64");
  CheckRefused(request, grpc::StatusCode::INVALID_ARGUMENT, "FP64");
  request = ImageRequest();
  request.mutable_inputs(0)->set_shape(1, -1);
  CheckRefused(request, grpc::StatusCode::INVALID_ARGUMENT, "shape");
  request = ImageRequest();
  request.mutable_inputs(0)->set_shape(1, std::numeric_limits<std::int64_t>::max());
  request.mutable_inputs(0)->set_shape(2, std::numeric_limits<std::int64_t>::max());
  CheckRefused(request, grpc::StatusCode::INVALID_ARGUMENT, "shape");
  request = ImageRequest();
  request.mutable_inputs(0)->set_name("pixels");
  CheckRefused(request, grpc::StatusCode::INVALID_ARGUMENT, "image");
  request = FloatRequest(17, 0.5f);
  CheckRefused(request, grpc::StatusCode::INVALID_ARGUMENT, "17");
}

TEST_CASE("raw contents that are short, long, missing or doubled") {
  auto request = ImageRequest();
  request.mutable_raw_input_contents(0)->pop_back();
  CheckRefused(request, grpc::StatusCode::INVALID_ARGUMENT, "3071");
  request = ImageRequest();
  request.mutable_raw_input_contents(0)->push_back('x');
  CheckRefused(request, grpc::StatusCode::INVALID_ARGUMENT, "3073");
  request = ImageRequest();
  request.clear_raw_input_contents();
  CheckRefused(request, grpc::StatusCode::INVALID_ARGUMENT, "content");
  request = ImageRequest();
  request.mutable_inputs(0)->mutable_contents()->add_uint_contents(1);
  CheckRefused(request, grpc::StatusCode::INVALID_ARGUMENT, "raw");
  request = ImageRequest();
  request.clear_inputs();
  CheckRefused(request, grpc::StatusCode::INVALID_ARGUMENT, "input");
}

TEST_CASE("NaN and infinities in the input") {
  const int side = AcceptedSide();
  CheckRefused(FloatRequest(side, std::numeric_limits<float>::quiet_NaN()),
               grpc::StatusCode::INVALID_ARGUMENT, "NaN");
  CheckRefused(FloatRequest(side, std::numeric_limits<float>::infinity()),
               grpc::StatusCode::INVALID_ARGUMENT, "infinity");
}

TEST_CASE("a deadline that has passed") {
  auto request = ImageRequest();
  (*request.mutable_parameters())["timeout"].set_int64_param(1);
  CheckRefused(request, grpc::StatusCode::DEADLINE_EXCEEDED, "deadline");
}

TEST_CASE("an accuracy floor and a subnet beyond the session's ceiling") {
  auto request = ImageRequest();
  SetParameter(request, "min_accuracy", 0.9999);
  CheckRefused(request, grpc::StatusCode::FAILED_PRECONDITION, "min_accuracy");
  request = ImageRequest();
  SetParameter(request, "subnet", "no-such-subnet");
  CheckRefused(request, grpc::StatusCode::NOT_FOUND, "no-such-subnet");
  request = ImageRequest();
  SetParameter(request, "slo_ms", "fast");
  CheckRefused(request, grpc::StatusCode::INVALID_ARGUMENT, "slo_ms");
}

TEST_CASE("RPCs that are not served answer with a text") {
  Client client(Shared());
  grpc::ClientContext context;
  inference::ModelStatisticsResponse response;
  const grpc::Status status = client.inference().ModelStatistics(&context, {}, &response);
  CHECK(status.error_code() == grpc::StatusCode::UNIMPLEMENTED);
  CHECK_FALSE(status.error_message().empty());
}

TEST_CASE("malformed requirements, unknown models and foreign sessions in the session API") {
  Client client(Shared());
  const auto open = [&](const std::string& model, double latency_ms, double time_to_live_s) {
    grpc::ClientContext context;
    dynofa::v1::OpenSessionRequest request;
    request.set_model(model);
    request.set_time_to_live_s(time_to_live_s);
    request.mutable_requirement()->set_latency_ms(latency_ms);
    dynofa::v1::SessionState state;
    return client.manager().OpenSession(&context, request, &state);
  };
  CHECK(open("resnet", 10, 30).error_code() == grpc::StatusCode::NOT_FOUND);
  CHECK(open(kModel, -1, 30).error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  CHECK(Mentions(open(kModel, -1, 30).error_message(), "latency_ms"));
  CHECK(open(kModel, 10, 1e9).error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  grpc::ClientContext context;
  dynofa::v1::CloseSessionRequest close;
  close.set_session("nonsense");
  dynofa::v1::CloseSessionResponse closed;
  CHECK(client.manager().CloseSession(&context, close, &closed).error_code() ==
        grpc::StatusCode::NOT_FOUND);
}

Finished RunWithConfig(const TempDir& dir, const std::string& text) {
  return RunProgram({DYNOFA_BIN_DIR "/dynofad", "--config", dir.Write("dynofad.toml", text)});
}

TEST_CASE("a configuration with a wrong key or value names file, line and what is allowed") {
  TempDir dir;
  const Finished key = RunWithConfig(dir, "[daemon]\nsokket = \"x\"\n");
  CHECK(key.status.code == 2);
  CHECK(Mentions(key.output, "dynofad.toml:2"));
  CHECK(Mentions(key.output, "socket"));
  const Finished value = RunWithConfig(dir, "[daemon]\npolicy = \"magic\"\n");
  CHECK(value.status.code == 2);
  CHECK(Mentions(value.output, "dynofad.toml:2"));
  CHECK(Mentions(value.output, "hierarchical"));
}

/// Runs dynofad on a copy of the shipped model that `spoil` has changed.
template <typename Spoil>
Finished RunWithModel(const Spoil& spoil) {
  TempDir dir;
  std::filesystem::copy(std::string(DYNOFA_MODELS_DIR "/") + kModel, dir.path() / "model",
                        std::filesystem::copy_options::recursive);
  spoil(dir);
  return RunWithConfig(dir, "[daemon]\nsocket = \"" + (dir / "s.sock") +
                                "\"\n[board]\nsocket = \"" + (dir / "b.sock") +
                                "\"\n[dbus]\nenabled = false\n[[model]]\npath = \"" +
                                (dir / "model") + "\"\n");
}

TEST_CASE("weights that are truncated or lie about themselves are refused by name") {
  const Finished truncated = RunWithModel([](const TempDir& dir) {
    std::filesystem::resize_file(dir.path() / "model/weights.safetensors", 1000);
  });
  CHECK(truncated.status.code == 1);
  CHECK(Mentions(truncated.output, "weights.safetensors"));
  const Finished lying = RunWithModel([](const TempDir& dir) {
    std::string bytes = ReadFile(dir.path() / "model/weights.safetensors");
    bytes[7] = '\x7f';  // the header's length
    dir.Write("model/weights.safetensors", bytes);
  });
  CHECK(lying.status.code == 1);
  CHECK(Mentions(lying.output, "weights.safetensors"));
}

TEST_CASE("a catalogue that names a block whose tensors are missing is refused") {
  const Finished missing = RunWithModel([](const TempDir& dir) {
    std::string bytes = ReadFile(dir.path() / "model/weights.safetensors");
    const std::string key = "blocks.1.conv.point_linear";
    const std::size_t at = bytes.find(key);
    REQUIRE(at != std::string::npos);
    bytes[at + key.size() - 1] = 'X';
    dir.Write("model/weights.safetensors", bytes);
  });
  CHECK(missing.status.code == 1);
  CHECK(Mentions(missing.output, "blocks.1.conv.point_linear"));
}

}  // namespace
}  // namespace dynofa::tests
