#include "daemon/tools/golden_set.h"

#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "daemon/engine/ofa/synthetic.h"
#include "daemon/engine/safetensors.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::tools {
namespace {

std::string List(int value, int count) {
  std::string text = "[" + std::to_string(value);
  for (int i = 1; i < count; ++i) text += "," + std::to_string(value);
  return text + "]";
}

std::string Subnet(const std::string& kernels, const std::string& input) {
  return R"({"width_mult": 0.35, "subnets": [{"id": "a", "ks": )" + kernels + R"(, "e": )" +
         List(3, 20) + R"(, "d": )" + List(2, 5) + R"(, "resolution": 32, "batch": 1, "input": ")" +
         input + R"(", "logits": "a_logits"}]})";
}

// A set whose logits are 0, 1, 2, ...
void WriteSet(const tests::TempDir& folder, const std::string& json) {
  folder.Write("subnets.json", json);
  std::vector<double> logits(1000);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<double>(i);
  std::vector<float> input(3 * 32 * 32);
  for (std::size_t i = 0; i < input.size(); ++i) input[i] = static_cast<float>(i);
  using engine::SafetensorsType;
  REQUIRE(engine::WriteSafetensors(
              folder / "subnets.safetensors",
              {{"a_logits", SafetensorsType::kF64, {1, 1000}, std::as_bytes(std::span(logits))},
               {"stored", SafetensorsType::kF32, {1, 3, 32, 32}, std::as_bytes(std::span(input))}})
              .ok());
}

TEST_CASE("a golden set is read with stored or synthetic inputs, turned to NHWC") {
  const tests::TempDir folder;
  WriteSet(folder, Subnet(List(3, 20), "stored"));
  const GoldenSet set = *ReadGoldenSet(folder.path().string());
  CHECK(set.width_mult == 0.35);
  REQUIRE(set.subnets.size() == 1);
  CHECK(set.subnets[0].logits[999] == 999.0);
  CHECK(set.subnets[0].images[1] == 32.0f * 32.0f);  // pixel 0, green
  CHECK(set.subnets[0].images[3] == 1.0f);
  CHECK((*GoldenModel(set, "synthetic"))->Config("a") != nullptr);
  CHECK(absl::IsNotFound(GoldenModel(set, folder / "none").status()));

  WriteSet(folder, Subnet(List(3, 20), "synthetic:key"));
  const std::vector<float> values = engine::ofa::SyntheticValues("key", 2, std::sqrt(3.0));
  CHECK(ReadGoldenSet(folder.path().string())->subnets[0].images[3] == values[1]);
}

TEST_CASE("a set that does not fit is refused with its file") {
  const tests::TempDir folder;
  const auto error = [&](const std::string& json) {
    WriteSet(folder, json);
    const absl::Status status = ReadGoldenSet(folder.path().string()).status();
    CHECK(absl::IsInvalidArgument(status));
    return std::string(status.message().data(), status.message().size());
  };
  CHECK(error(Subnet(List(4, 20), "stored")).find("kernels[0] is 4") != std::string::npos);
  CHECK(error(Subnet(List(3, 19), "stored")).find("19 entries") != std::string::npos);
  CHECK(error(Subnet(List(3, 20), "absent")).find("\"absent\" is missing") != std::string::npos);
  CHECK(error("{\"subnets\": [{}]}").find("subnets.json") != std::string::npos);
  CHECK(error("nonsense").find("subnets.json") != std::string::npos);
}

}  // namespace
}  // namespace dynofa::tools
