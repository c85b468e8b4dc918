// Imports the reference's checkpoint and compares what comes out with the reference's own logits,
// costs and predictions. The data is not part of the project: the environment variable
// DYNOFA_REFERENCE names its folder.

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "daemon/engine/checkpoint/state_dict.h"
#include "daemon/engine/loader/loader.h"
#include "daemon/engine/ofa/accuracy_predictor.h"
#include "daemon/engine/ofa/architecture.h"
#include "daemon/tools/golden_compare.h"
#include "daemon/tools/golden_set.h"
#include "daemon/tools/model_commands.h"
#include "daemon/tools/model_directory.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::tools {
namespace {

using engine::ofa::Architecture;
using engine::ofa::SubnetConfig;

// The folder with the reference's files, or empty.
std::string Reference() {
  const char* folder = std::getenv("DYNOFA_REFERENCE");
  if (folder != nullptr) return std::string(folder) + "/ofa";
  std::cout << "SKIPPED: DYNOFA_REFERENCE is not set\n";
  return "";
}

TEST_CASE("the imported checkpoint computes the logits of the reference") {
  const std::string reference = Reference();
  if (reference.empty()) return;
  const tests::TempDir folder;
  CLI::App app;
  Action action;
  AddImportCommand(app, action);
  const std::string file = reference + "/ofa_mbv3_d234_e346_k357_w1.0.random.oldkeys-cuda.pth";
  app.parse(std::vector<std::string>{folder / "model", "--out", file, "import"});  // from the back
  REQUIRE(action().ok());
  // These weights are random, and no figure is known for them.
  const auto manifest = *ReadModelManifest(folder / "model");
  REQUIRE(manifest.subnets.size() == 14);
  CHECK(manifest.subnets[0].accuracy_evidence == policies::Evidence::kUnknown);
  const GoldenSet set = *ReadGoldenSet(reference + "/public");
  const auto model = *GoldenModel(set, folder / "model/weights.safetensors");
  std::vector<std::string> backends;
  for (const std::string_view name : engine::BackendNames()) backends.emplace_back(name);
  const auto results = CompareWithGolden(set, model, backends);
  REQUIRE(results.ok());
  CHECK(results->size() == set.subnets.size() * backends.size());
  for (const GoldenResult& result : *results) {
    CAPTURE(result.subnet, result.backend, result.r, result.limit);
    CHECK(result.passed());
  }
}

TEST_CASE("costs and predictions agree with the reference for every architecture") {
  const std::string reference = Reference();
  if (reference.empty()) return;
  const auto predictor = *engine::ofa::AccuracyPredictor::Create(
      *engine::checkpoint::StateDict::Read(reference + "/acc_predictor.safetensors"));
  const auto rows = nlohmann::json::parse(tests::ReadFile(reference + "/predictor_macs.json"));
  REQUIRE(rows.size() == 64);
  const Architecture narrow = Architecture::MobileNetV3(1.0);
  const Architecture wide = Architecture::MobileNetV3(1.2);
  float largest = 0;
  for (const auto& row : rows) {
    const SubnetConfig config = {row.at("ks"), row.at("e"), row.at("d"), row.at("r")};
    const auto w10 = *engine::ofa::MakePlan(narrow, config);
    CHECK(w10.macs == row.at("macs_w10").get<std::int64_t>());
    CHECK(w10.parameters == row.at("params_w10").get<std::int64_t>());
    const auto w12 = *engine::ofa::MakePlan(wide, config);
    CHECK(w12.macs == row.at("macs_w12").get<std::int64_t>());
    CHECK(w12.parameters == row.at("params_w12").get<std::int64_t>());
    CHECK(*engine::ofa::AccuracyPredictor::Encode(config) ==
          row.at("one_indices").get<std::vector<std::size_t>>());
    const float predicted = *predictor.Predict(config);
    largest = std::max(largest, std::abs(predicted - row.at("prediction").get<float>()));
  }
  CAPTURE(largest);
  CHECK(largest < 1e-6f);  // sums in another order
}

}  // namespace
}  // namespace dynofa::tools
