#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "daemon/engine/ofa/model.h"
#include "daemon/engine/ofa/synthetic.h"
#include "daemon/engine/ofa/tiny_manifest_testing.h"
#include "daemon/engine/safetensors.h"
#include "daemon/engine/supernet.h"
#include "daemon/tools/model_commands.h"
#include "daemon/tools/model_directory.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::tools {
namespace {

using tests::TempDir;

// What the program does with this command line.
absl::Status Run(const std::vector<std::string>& arguments) {
  CLI::App app;
  Action action;
  AddCalibrateCommand(app, action);
  AddSearchCommand(app, action);
  AddEvaluateCommand(app, action);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  app.parse(reversed);
  return action();
}

// A model directory with synthetic weights and two subnets, "small" and "large".
std::string WriteModel(const TempDir& folder) {
  engine::ofa::Manifest manifest = engine::ofa::TinyManifest();
  manifest.labels = {"airplane", "automobile", "bird"};
  const auto model = *engine::ofa::SyntheticModel(manifest.architecture, manifest.subnets);
  std::vector<engine::SafetensorsTensor> tensors;
  const auto shapes = *engine::ofa::StateDictShapes(manifest.architecture);
  for (const auto& shape : shapes) {
    tensors.push_back({shape.key, engine::SafetensorsType::kF32, shape.shape,
                       std::as_bytes(model->Weight(shape.key))});
  }
  folder.Write("model/README.md", "a test's");
  const std::string directory = folder / "model";
  REQUIRE(engine::WriteSafetensors(directory + "/weights.safetensors", tensors).ok());
  REQUIRE(WriteModelManifest(directory, manifest).ok());
  return directory;
}

// CIFAR-10's binary format with its first three classes: 60 images of noise.
std::string WriteImages(const TempDir& folder, const std::string& names) {
  std::string records;
  for (int i = 0; i < 60; ++i) {
    records += static_cast<char>(i % 3);
    for (int byte = 0; byte < 3072; ++byte) {
      records += static_cast<char>((i * 7919 + byte * byte * 31) % 251);
    }
  }
  folder.Write("images/data_batch_1.bin", records);
  folder.Write("images/batches.meta.txt", names);
  return folder / "images";
}

std::vector<std::string> SmallSearch(const std::string& model, const std::string& data) {
  return {"search", "--model",         model, "--data",
          data,     "--holdout",       "30",  "--samples",
          "12",     "--refinements",   "2",   "--candidates",
          "4",      "--generations",   "2",   "--population",
          "8",      "--sample-images", "10",  "--sample-calibration",
          "8",      "--calibration",   "16",  "--accuracy-step",
          "0",      "--latency-step",  "1"};
}

TEST_CASE("search replaces the ladder of a model directory, which loads and can be measured") {
  const TempDir folder;
  const std::string model = WriteModel(folder);
  const std::string data = WriteImages(folder, "airplane\nautomobile\nbird\n");
  std::vector<std::string> search = SmallSearch(model, data);
  search.insert(search.end(), {"--report", folder / "report.json"});
  REQUIRE(Run(search).ok());

  const auto loaded = *engine::LoadSupernet(model, "cpu");
  const auto report = nlohmann::json::parse(tests::ReadFile(folder / "report.json"));
  std::size_t levels = 0;
  for (const auto& candidate : report["searches"][0]["candidates"]) {
    if (!candidate["level"]) continue;
    ++levels;
    const engine::SubnetInfo* info = loaded->info().Find(candidate["id"].get<std::string>());
    REQUIRE(info != nullptr);
    CHECK(info->accuracy == Approx(candidate["top1"].get<double>()));
    CHECK(info->accuracy_evidence == policies::Evidence::kMeasured);
  }
  CHECK(levels == loaded->info().catalogue.size());
  const auto with_statistics = *engine::ofa::LoadModel(model);
  CHECK_FALSE(with_statistics->Statistics(loaded->info().catalogue[0].id).empty());
  CHECK(Run({"evaluate", "--model", model, "--latency", "--rounds", "2", "--markdown"}).ok());
}

TEST_CASE("search can leave the model as it is and write another directory") {
  const TempDir folder;
  const std::string model = WriteModel(folder);
  const std::string data = WriteImages(folder, "bird\nairplane\nautomobile\n");  // another order
  const auto before = tests::ReadTree(model);
  std::vector<std::string> search = SmallSearch(model, data);
  search.insert(search.end(), {"--output", folder / "other", "--resolutions", "16", "20"});
  REQUIRE(Run(search).ok());
  CHECK(tests::ReadTree(model) == before);
  const auto other = *engine::LoadSupernet(folder / "other", "cpu");
  for (const engine::SubnetInfo& info : other->info().catalogue) {
    CHECK((info.resolution == 16 || info.resolution == 20));
  }
}

TEST_CASE("a search that cannot be is refused before anything is written") {
  const TempDir folder;
  const std::string model = WriteModel(folder);
  const std::string data = WriteImages(folder, "airplane\nautomobile\nfish\n");
  const auto before = tests::ReadTree(model);
  const absl::Status labels = Run(SmallSearch(model, data));
  CHECK(absl::IsInvalidArgument(labels));
  CHECK(labels.ToString().find("fish") != std::string::npos);
  WriteImages(folder, "airplane\nautomobile\nbird\n");
  std::vector<std::string> search = SmallSearch(model, data);
  search[6] = "60";  // all images held out
  CHECK(absl::IsInvalidArgument(Run(search)));
  search = SmallSearch(model, data);
  search.insert(search.end(), {"--accuracy-floor", "1.1"});
  CHECK(absl::IsFailedPrecondition(Run(search)));
  search = SmallSearch(model, data);
  search.insert(search.end(), {"--resolutions", "4"});
  CHECK(absl::IsInvalidArgument(Run(search)));
  CHECK(tests::ReadTree(model) == before);
}

TEST_CASE("a dominated level fails the check, an undominated ladder does not") {
  const TempDir folder;
  const std::string model = WriteModel(folder);
  // The large net takes ten times as long: no measurement turns that round.
  const std::vector<std::string> check = {"evaluate", "--model", model, "--check-pareto", "--json"};
  CHECK(Run(check).ok());
  auto manifest = *ReadModelManifest(model);
  for (auto& subnet : manifest.subnets) subnet.accuracy = 0.5;
  REQUIRE(WriteModelManifest(model, manifest).ok());
  const absl::Status dominated = Run(check);
  CHECK(absl::IsFailedPrecondition(dominated));
  CHECK(dominated.ToString().find("large by small") != std::string::npos);
}

TEST_CASE("evaluate says what it needs") {
  const TempDir folder;
  const std::string model = WriteModel(folder);
  CHECK(absl::IsInvalidArgument(Run({"evaluate", "--model", model})));
  CHECK(absl::IsInvalidArgument(Run({"evaluate", "--model", model, "--latency", "--update"})));
  CHECK(absl::IsNotFound(Run({"evaluate", "--model", model, "--latency", "--level", "none"})));
}

}  // namespace
}  // namespace dynofa::tools
