#include "daemon/engine/torch/trainer.h"

#include <cstdint>
#include <vector>

#include "daemon/engine/ofa/model.h"
#include "daemon/engine/ofa/tiny_manifest_testing.h"
#include "daemon/engine/safetensors.h"
#include "daemon/engine/torch/calibration.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::engine::torch_backend {
namespace {

// Three classes that the mean colour tells apart.
ImageSet Colours(int count) {
  ImageSet set{.side = 16};
  for (int i = 0; i < count; ++i) {
    set.labels.push_back(i % 3);
    for (int pixel = 0; pixel < 16 * 16; ++pixel) {
      for (int channel = 0; channel < 3; ++channel) {
        const int noise = (i * 31 + pixel * 7 + channel * 13) % 60;
        set.pixels.push_back(static_cast<std::uint8_t>(noise + (channel == i % 3 ? 150 : 40)));
      }
    }
  }
  return set;
}

TrainingOptions TinyOptions() {
  TrainingOptions options;
  options.architecture = ofa::TinyManifest().architecture;
  options.resolutions = {12, 16};
  options.epochs = 4;
  options.batch = 8;
  options.learning_rate = 0.05;
  options.crop_padding = 2;
  return options;
}

std::string Bytes(const tests::TempDir& folder, const char* file) {
  return tests::ReadFile(folder / file);
}

TEST_CASE("training learns what colour tells, and calibrated subnets know it") {
  const tests::TempDir folder;
  const ImageSet images = Colours(48);
  const auto trainer = *Trainer::Create(TinyOptions());
  double first_loss = 0, last_loss = 0;
  while (trainer->epoch() < 4) {
    REQUIRE(trainer
                ->RunEpoch(images,
                           [&](const TrainingProgress& progress) {
                             CHECK(progress.step == progress.steps);
                             if (progress.epoch == 0) first_loss = progress.loss;
                             last_loss = progress.loss;
                           })
                .ok());
  }
  CHECK(last_loss < 0.7 * first_loss);
  REQUIRE(trainer->SaveWeights(folder / "weights.safetensors", images, 16).ok());

  ofa::Manifest manifest = ofa::TinyManifest();
  manifest.subnets[0].config.resolution = 16;
  const auto model = *ofa::MakeModel(
      manifest, *SafetensorsFile::Read(folder / "weights.safetensors"), std::nullopt);
  // Without statistics of its own "large" has the supernet's, which are its own.
  CHECK(*Accuracy(*model, "large", images, 1) > 0.9);
  const ofa::SubnetStatistics statistics =
      *Calibrate(*model, manifest.subnets[1].config, images, {.batch = 16, .crop_padding = 0});
  const ofa::NetPlan plan = *ofa::MakePlan(manifest.architecture, manifest.subnets[1].config);
  const std::vector<ofa::BatchNormLayer> layers = ofa::BatchNormLayers(plan);
  CHECK(statistics.size() == layers.size());
  for (const ofa::BatchNormLayer& layer : layers) {
    CHECK(statistics.at(layer.prefix).mean.size() == static_cast<std::size_t>(layer.channels));
  }
  CHECK(absl::IsNotFound(Accuracy(*model, "none", images, 1).status()));
  CHECK_FALSE(Accuracy(*model, "large", ImageSet{}, 1).ok());
  CHECK_FALSE(Calibrate(*model, manifest.subnets[1].config, ImageSet{}, {}).ok());
}

TEST_CASE("a run that was resumed continues as the unbroken one") {
  const tests::TempDir folder;
  const ImageSet images = Colours(24);
  const auto ignore = [](const TrainingProgress&) {};
  const auto whole = *Trainer::Create(TinyOptions());
  REQUIRE(whole->RunEpoch(images, ignore).ok());
  REQUIRE(whole->SaveCheckpoint(folder / "one").ok());
  REQUIRE(whole->RunEpoch(images, ignore).ok());
  REQUIRE(whole->SaveCheckpoint(folder / "two").ok());

  const auto resumed = *Trainer::Create(TinyOptions());
  REQUIRE(resumed->LoadCheckpoint(folder / "one").ok());
  CHECK(resumed->epoch() == 1);
  REQUIRE(resumed->RunEpoch(images, ignore).ok());
  REQUIRE(resumed->SaveCheckpoint(folder / "resumed").ok());
  CHECK(Bytes(folder, "resumed") == Bytes(folder, "two"));
  CHECK(Bytes(folder, "one") != Bytes(folder, "two"));
}

TEST_CASE("options, images and checkpoints that do not fit are refused") {
  TrainingOptions options = TinyOptions();
  options.resolutions.clear();
  CHECK_FALSE(Trainer::Create(options).ok());
  options = TinyOptions();
  options.resolutions = {4};
  CHECK_FALSE(Trainer::Create(options).ok());
  options = TinyOptions();
  options.largest_share = 1.5;
  CHECK_FALSE(Trainer::Create(options).ok());

  const auto trainer = *Trainer::Create(TinyOptions());
  CHECK(absl::IsInvalidArgument(trainer->RunEpoch(Colours(7), [](const TrainingProgress&) {})));
  const tests::TempDir folder;
  folder.Write("junk", "12345678901234567890");
  CHECK_FALSE(trainer->LoadCheckpoint(folder / "junk").ok());
  REQUIRE(trainer->SaveWeights(folder / "weights", Colours(8), 16).ok());
  CHECK_FALSE(trainer->LoadCheckpoint(folder / "weights").ok());
}

}  // namespace
}  // namespace dynofa::engine::torch_backend
