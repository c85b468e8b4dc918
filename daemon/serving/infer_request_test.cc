#include "daemon/serving/infer_request.h"

#include <functional>
#include <limits>
#include <string>

#include "daemon/serving/infer_response.h"
#include "tests/support/catch.h"
#include "tests/support/fake_inference.h"

namespace dynofa::serving {
namespace {

using Request = inference::ModelInferRequest;

constexpr base::TimePoint kNow{std::chrono::seconds(1000)};

Request Image(std::int64_t height, std::int64_t width) {
  Request request;
  request.set_model_name("toy");
  auto* const input = request.add_inputs();
  input->set_name("image");
  input->set_datatype("UINT8");
  for (const std::int64_t extent : {std::int64_t{1}, height, width, std::int64_t{3}}) {
    input->add_shape(extent);
  }
  request.add_raw_input_contents(std::string(static_cast<std::size_t>(height * width * 3), 'x'));
  return request;
}

Request Changed(const std::function<void(Request&)>& change) {
  Request request = Image(2, 4);
  change(request);
  return request;
}

absl::StatusOr<manager::InferenceRequest> Parse(const Request& request) {
  const tests::FakeInference inference;
  return ParseInferRequest(request, inference.models(), kNow);
}

void SetShape(Request& request, std::initializer_list<std::int64_t> shape) {
  request.mutable_inputs(0)->clear_shape();
  for (const std::int64_t extent : shape) request.mutable_inputs(0)->add_shape(extent);
}

inference::InferParameter& Parameter(Request& request, const char* name) {
  return (*request.mutable_parameters())[name];
}

TEST_CASE("A raw image is taken over as it is") {
  const auto parsed = Parse(Image(2, 4));
  REQUIRE(parsed.ok());
  CHECK(parsed->model == "toy");
  CHECK(parsed->input.type == engine::DataType::kUint8);
  CHECK(parsed->input.shape == std::vector<std::int64_t>{1, 2, 4, 3});
  CHECK(parsed->input.bytes == std::vector<std::byte>(24, std::byte{'x'}));
  CHECK(parsed->session.empty());
  CHECK_FALSE(parsed->slo_ms);
  CHECK_FALSE(parsed->deadline);
}

TEST_CASE("An image may come without a batch dimension, and as typed contents") {
  Request request = Image(1, 1);
  SetShape(request, {1, 1, 3});
  request.clear_raw_input_contents();
  for (const unsigned value : {0u, 128u, 255u}) {
    request.mutable_inputs(0)->mutable_contents()->add_uint_contents(value);
  }
  const auto parsed = Parse(request);
  REQUIRE(parsed.ok());
  CHECK(parsed->input.bytes ==
        std::vector<std::byte>{std::byte{0}, std::byte{128}, std::byte{255}});

  request.mutable_inputs(0)->mutable_contents()->set_uint_contents(1, 256);
  CHECK_FALSE(Parse(request).ok());
}

TEST_CASE("FP32 comes channels first, raw or typed") {
  Request request = Image(1, 1);
  request.mutable_inputs(0)->set_datatype("FP32");
  SetShape(request, {1, 3, 2, 2});
  const float values[12] = {1.5f, 2.5f};
  request.set_raw_input_contents(0, std::string(reinterpret_cast<const char*>(values), 48));
  const auto raw = Parse(request);
  REQUIRE(raw.ok());
  CHECK(raw->input.data<float>()[1] == 2.5f);

  request.clear_raw_input_contents();
  for (const float value : values) {
    request.mutable_inputs(0)->mutable_contents()->add_fp32_contents(value);
  }
  const auto typed = Parse(request);
  REQUIRE(typed.ok());
  CHECK(typed->input.bytes == raw->input.bytes);
}

TEST_CASE("Parameters are taken in every type that tools send") {
  const auto parsed = Parse(Changed([](Request& request) {
    Parameter(request, "session").set_string_param("s1");
    Parameter(request, "slo_ms").set_int64_param(25);
    Parameter(request, "overhead_ms").set_double_param(2.5);
    Parameter(request, "min_accuracy").set_string_param("0.7");
    Parameter(request, "subnet").set_string_param("large");
    Parameter(request, "timeout").set_uint64_param(2'000'000);
    Parameter(request, "priority").set_uint64_param(1);
    Parameter(request, "sequence_id").set_int64_param(0);
    Parameter(request, "triton_enable_empty_final_response").set_bool_param(true);
    Parameter(request, "tag").set_string_param("camera 0");
  }));
  REQUIRE(parsed.ok());
  CHECK(parsed->session == "s1");
  CHECK(parsed->slo_ms == 25.0);
  CHECK(parsed->overhead_ms == 2.5);
  CHECK(parsed->min_accuracy == 0.7);
  CHECK(parsed->subnet == "large");
  CHECK(parsed->deadline == kNow + std::chrono::seconds(2));
}

TEST_CASE("Times up to a day are taken") {
  const auto parsed = Parse(Changed([](Request& request) {
    Parameter(request, "slo_ms").set_int64_param(86'400'000);
    Parameter(request, "timeout").set_int64_param(86'400'000'000);
  }));
  REQUIRE(parsed.ok());
  CHECK(parsed->slo_ms == 86'400'000.0);
  CHECK(parsed->deadline);
}

TEST_CASE("A time beyond a day is refused with the bound") {
  const auto slo = Parse(
      Changed([](Request& request) { Parameter(request, "slo_ms").set_int64_param(86'400'001); }));
  CHECK(slo.status().message().find("at most 86400000 (one day)") != std::string::npos);
  const auto timeout = Parse(Changed(
      [](Request& request) { Parameter(request, "timeout").set_int64_param(86'400'000'001); }));
  CHECK(timeout.status().message().find("at most 86400000000 (one day)") != std::string::npos);
}

TEST_CASE("A timeout of zero is none") {
  const auto parsed =
      Parse(Changed([](Request& request) { Parameter(request, "timeout").set_int64_param(0); }));
  REQUIRE(parsed.ok());
  CHECK_FALSE(parsed->deadline);
}

TEST_CASE("What is wrong is refused with a text") {
  constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max();
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  constexpr auto kNotFound = absl::StatusCode::kNotFound;
  constexpr auto kUnimplemented = absl::StatusCode::kUnimplemented;
  struct Case {
    const char* what;
    absl::StatusCode code;
    std::function<void(Request&)> change;
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<Case> cases = {
      {"no model", kNotFound, [](Request& r) { r.clear_model_name(); }},
      {"unknown model", kNotFound, [](Request& r) { r.set_model_name("x\ny"); }},
      {"unknown version", kNotFound, [](Request& r) { r.set_model_version("2"); }},
      {"no input", kInvalid, [](Request& r) { r.clear_inputs(); }},
      {"two inputs", kInvalid, [](Request& r) { *r.add_inputs() = r.inputs(0); }},
      {"unknown input", kInvalid, [](Request& r) { r.mutable_inputs(0)->set_name("pixels"); }},
      {"datatype", kInvalid, [](Request& r) { r.mutable_inputs(0)->set_datatype("INT64"); }},
      {"no shape", kInvalid, [](Request& r) { SetShape(r, {}); }},
      {"rank 2", kInvalid,
       [](Request& r) {
         SetShape(r, {8, 3});
       }},
      {"rank 5", kInvalid,
       [](Request& r) {
         SetShape(r, {1, 1, 2, 4, 3});
       }},
      {"batch", kInvalid,
       [](Request& r) {
         SetShape(r, {2, 1, 4, 3});
       }},
      {"batch 0", kInvalid,
       [](Request& r) {
         SetShape(r, {0, 2, 4, 3});
       }},
      {"zero side", kInvalid,
       [](Request& r) {
         SetShape(r, {1, 0, 4, 3});
       }},
      {"negative", kInvalid,
       [](Request& r) {
         SetShape(r, {1, -2, -4, 3});
       }},
      {"four channels", kInvalid,
       [](Request& r) {
         SetShape(r, {1, 2, 3, 4});
       }},
      {"overflow", kInvalid,
       [](Request& r) {
         SetShape(r, {1, kHuge, kHuge, 3});
       }},
      {"large side", kInvalid,
       [](Request& r) {
         SetShape(r, {1, 8193, 1, 3});
       }},
      {"channels first", kInvalid,
       [](Request& r) {
         SetShape(r, {1, 3, 2, 4});
       }},
      {"short", kInvalid, [](Request& r) { r.mutable_raw_input_contents(0)->pop_back(); }},
      {"long", kInvalid, [](Request& r) { r.mutable_raw_input_contents(0)->push_back('x'); }},
      {"no contents", kInvalid, [](Request& r) { r.clear_raw_input_contents(); }},
      {"two raw", kInvalid, [](Request& r) { *r.add_raw_input_contents() = std::string(1, 'x'); }},
      {"mixed", kInvalid,
       [](Request& r) { r.mutable_inputs(0)->mutable_contents()->add_uint_contents(1); }},
      {"typed, short", kInvalid,
       [](Request& r) {
         r.clear_raw_input_contents();
         r.mutable_inputs(0)->mutable_contents()->add_uint_contents(1);
       }},
      {"typed, wrong type", kInvalid,
       [](Request& r) {
         r.clear_raw_input_contents();
         for (int i = 0; i < 24; ++i) r.mutable_inputs(0)->mutable_contents()->add_int_contents(1);
       }},
      {"large and typed", kInvalid,
       [](Request& r) {
         r.clear_raw_input_contents();
         SetShape(r, {1, 8192, 8192, 3});
         r.mutable_inputs(0)->mutable_contents()->add_uint_contents(1);
       }},
      {"unknown output", kInvalid, [](Request& r) { r.add_outputs()->set_name("probabilities"); }},
      {"output twice", kInvalid,
       [](Request& r) {
         r.add_outputs()->set_name("logits");
         r.add_outputs()->set_name("logits");
       }},
      {"classification", kUnimplemented,
       [](Request& r) {
         auto* const output = r.add_outputs();
         output->set_name("logits");
         (*output->mutable_parameters())["classification"].set_int64_param(5);
       }},
      {"shared memory in", kUnimplemented,
       [](Request& r) {
         (*r.mutable_inputs(0)->mutable_parameters())["shared_memory_region"].set_string_param("r");
       }},
      {"sequence", kUnimplemented,
       [](Request& r) { Parameter(r, "sequence_id").set_int64_param(4); }},
      {"session number", kInvalid, [](Request& r) { Parameter(r, "session").set_int64_param(4); }},
      {"overhead", kInvalid, [](Request& r) { Parameter(r, "overhead_ms").set_double_param(-1); }},
      {"overhead", kInvalid, [](Request& r) { Parameter(r, "overhead_ms").set_int64_param(1001); }},
      {"slo 0", kInvalid, [](Request& r) { Parameter(r, "slo_ms").set_int64_param(0); }},
      {"slo 1e300", kInvalid, [](Request& r) { Parameter(r, "slo_ms").set_double_param(1e300); }},
      {"slo NaN", kInvalid, [=](Request& r) { Parameter(r, "slo_ms").set_double_param(nan); }},
      {"slo inf", kInvalid, [](Request& r) { Parameter(r, "slo_ms").set_string_param("inf"); }},
      {"slo text", kInvalid, [](Request& r) { Parameter(r, "slo_ms").set_string_param("25ms"); }},
      {"slo bool", kInvalid, [](Request& r) { Parameter(r, "slo_ms").set_bool_param(true); }},
      {"slo unset", kInvalid, [](Request& r) { Parameter(r, "slo_ms"); }},
      {"floor", kInvalid, [](Request& r) { Parameter(r, "min_accuracy").set_int64_param(70); }},
      {"long timeout", kInvalid,
       [](Request& r) {
         Parameter(r, "timeout").set_int64_param(std::numeric_limits<std::int64_t>::max());
       }},
      {"timeout", kInvalid, [](Request& r) { Parameter(r, "timeout").set_int64_param(-1); }},
      {"subnet", kNotFound, [](Request& r) { Parameter(r, "subnet").set_string_param("huge"); }},
  };
  for (const Case& c : cases) {
    INFO(c.what);
    const auto parsed = Parse(Changed(c.change));
    CHECK(parsed.status().code() == c.code);
    CHECK_FALSE(parsed.status().message().empty());
    CHECK(parsed.status().message().find('\n') == std::string::npos);
  }
}

TEST_CASE("The payload is counted before anything is looked at") {
  CHECK(PayloadBytes(Image(2, 4)) >= 24);
  Request typed = Image(1, 1);
  typed.clear_raw_input_contents();
  for (int i = 0; i < 1000; ++i) typed.mutable_inputs(0)->mutable_contents()->add_uint_contents(1);
  CHECK(PayloadBytes(typed) >= 4000);
}

TEST_CASE("An answer carries raw logits and how they came about") {
  const tests::FakeInference inference;
  Request request = Image(1, 1);
  request.set_id("42");
  manager::InferenceReply reply;
  reply.output.shape = {1, 3};
  reply.output.bytes.resize(12, std::byte{7});
  reply.subnet = "small";
  reply.level = 2;
  reply.cluster = "cpu0";
  reply.frequency_khz = 1'400'000;
  reply.queue_ms = 0.5;
  reply.missed = true;
  reply.restarted = true;
  reply.energy_evidence = policies::Evidence::kModelled;  // of a figure that is not there

  inference::ModelInferResponse response;
  FillInferResponse(request, inference.models()[0], reply, "s3", "board-x", &response);
  CHECK(response.id() == "42");
  CHECK(response.model_version() == "1");
  REQUIRE(response.raw_output_contents_size() == 1);
  CHECK(response.raw_output_contents(0) == std::string(12, '\7'));
  REQUIRE(response.outputs_size() == 1);
  CHECK(response.outputs(0).name() == "logits");
  CHECK(response.outputs(0).shape_size() == 2);
  const auto& parameters = response.parameters();
  CHECK(parameters.at("subnet").string_param() == "small");
  CHECK(parameters.at("level").int64_param() == 2);
  CHECK(parameters.at("frequency_khz").int64_param() == 1'400'000);
  CHECK(parameters.at("time_label").string_param() == "measured");
  CHECK(parameters.at("deadline_missed").bool_param());
  CHECK(parameters.at("restarted").bool_param());
  CHECK(parameters.at("session").string_param() == "s3");
  CHECK(parameters.at("board").string_param() == "emulated:board-x");
  CHECK_FALSE(parameters.contains("energy_mj"));
  CHECK(parameters.at("energy_label").string_param() == "unknown");
}

}  // namespace
}  // namespace dynofa::serving
