#include "daemon/tools/model_commands.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "daemon/engine/loader/loader.h"
#include "daemon/engine/supernet.h"
#include "daemon/tools/png_testing.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::tools {
namespace {

// What the program does with this command line.
absl::Status Run(const std::vector<std::string>& arguments) {
  CLI::App app;
  Action action;
  AddTrainCommand(app, action);
  AddCalibrateCommand(app, action);
  AddEvaluateCommand(app, action);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  app.parse(reversed);
  return action();
}

// A 32x32 image of one colour.
std::string Png(std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  std::vector<std::uint8_t> pixels;
  for (int i = 0; i < 32 * 32; ++i) pixels.insert(pixels.end(), {red, green, blue});
  return testing::PngFile(32, 32, pixels);
}

void WriteColours(const tests::TempDir& folder) {
  for (std::uint8_t i = 0; i < 12; ++i) {
    const std::string name = std::to_string(i) + ".png";
    const auto shade = static_cast<std::uint8_t>(150 + 8 * i);
    folder.Write("data/blue/" + name, Png(10, 10, shade));
    folder.Write("data/red/" + name, Png(shade, 10, 10));
  }
}

TEST_CASE("from class folders to a model that is measured: train, calibrate, evaluate") {
  const tests::TempDir folder;
  WriteColours(folder);
  const std::string data = folder / "data", model = folder / "model";
  REQUIRE(Run({"train",   "--data",          data,  "--output",        model, "--name",
               "colours", "--full-epochs",   "3",   "--kernel-epochs", "1",   "--depth-epochs",
               "0",       "--expand-epochs", "1",   "--batch",         "4",   "--holdout",
               "4",       "--learning-rate", "0.02"})
              .ok());
  const auto trained = *engine::LoadSupernet(model, "torch");
  CHECK(trained->info().name == "colours");
  CHECK(trained->info().labels == std::vector<std::string>{"blue", "red"});
  const std::vector<engine::SubnetInfo>& catalogue = trained->info().catalogue;
  for (std::size_t i = 1; i < catalogue.size(); ++i) {
    CHECK(catalogue[i].accuracy > catalogue[i - 1].accuracy);  // dominated ones are gone
  }
  // All phases are through: the same command has nothing left to train.
  REQUIRE(Run({"train",   "--data",          data,  "--output",        model, "--name",
               "colours", "--full-epochs",   "3",   "--kernel-epochs", "1",   "--depth-epochs",
               "0",       "--expand-epochs", "1",   "--batch",         "4",   "--holdout",
               "4",       "--learning-rate", "0.02"})
              .ok());
  const std::string digest = trained->info().weights_digest;

  REQUIRE(Run({"calibrate", "--model", model, "--data", data, "--images", "12"}).ok());
  CHECK((*engine::LoadSupernet(model, "torch"))->info().weights_digest != digest);

  // The same net from fresh weights, at the resolutions that its ladder has kept.
  REQUIRE(Run({"train", "--like", model, "--data", data, "--output", folder / "again",
               "--full-epochs", "1", "--kernel-epochs", "0", "--depth-epochs", "0",
               "--expand-epochs", "0", "--batch", "4", "--holdout", "4"})
              .ok());
  const auto again = *engine::LoadSupernet(folder / "again", "torch");
  for (const engine::SubnetInfo& subnet : again->info().catalogue) {
    CHECK(trained->info().Find(subnet.id) != nullptr);
  }

  // Its weights with a classifier for one class more.
  for (int i = 0; i < 12; ++i) {
    folder.Write("data/green/" + std::to_string(i) + ".png", Png(10, 200, 10));
  }
  REQUIRE(Run({"train",
               "--from",
               model,
               "--like",
               model,
               "--data",
               data,
               "--output",
               folder / "more",
               "--full-epochs",
               "1",
               "--kernel-epochs",
               "0",
               "--depth-epochs",
               "0",
               "--expand-epochs",
               "0",
               "--batch",
               "4",
               "--holdout",
               "4"})
              .ok());
  CHECK((*engine::LoadSupernet(folder / "more", "torch"))->info().labels.size() == 3);
  std::filesystem::remove_all(folder / "data/green");

  const std::string level = catalogue.back().id;
  REQUIRE(Run({"evaluate", "--model", model, "--data", data, "--level", level, "--limit", "8",
               "--json", "--update"})
              .ok());
  const auto evaluated = *engine::LoadSupernet(model, "torch");
  const engine::SubnetInfo& best = *evaluated->info().Find(level);
  CHECK(best.accuracy_evidence == policies::Evidence::kMeasured);
  CHECK(best.accuracy >= 0.5);
  const double sixteenths = best.accuracy * 16;
  CHECK(sixteenths == static_cast<int>(sixteenths));  // 8 images of each of 2 classes
}

TEST_CASE("what is missing or does not fit is named") {
  const tests::TempDir folder;
  WriteColours(folder);
  const std::string data = folder / "data", model = folder / "model";
  CHECK(absl::IsNotFound(Run({"train", "--data", folder / "none", "--output", model})));
  CHECK(absl::IsInvalidArgument(
      Run({"train", "--data", data, "--output", model, "--holdout", "24"})));
  CHECK(absl::IsInvalidArgument(
      Run({"train", "--data", data, "--output", model, "--holdout", "4", "--largest-share", "2"})));
  CHECK(absl::IsNotFound(
      Run({"train", "--data", data, "--output", model, "--holdout", "4", "--like", data})));
  CHECK(absl::IsNotFound(Run({"evaluate", "--model", model, "--data", data})));
  CHECK(absl::IsNotFound(Run({"calibrate", "--model", model, "--data", data})));
}

}  // namespace
}  // namespace dynofa::tools
