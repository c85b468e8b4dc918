#include "daemon/engine/torch/trainer.h"

#include <cstdint>
#include <vector>

#include "daemon/engine/ofa/model.h"
#include "daemon/engine/ofa/tiny_manifest_testing.h"
#include "daemon/engine/safetensors.h"
#include "daemon/engine/torch/calibration.h"
#include "tests/support/catch.h"
#include "tests/support/file_size_limit.h"
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

TrainingOptions TinyOptions(const ShrinkingOptions& shrinking = {.full_epochs = 4,
                                                                 .kernel_epochs = 0,
                                                                 .depth_epochs = 0,
                                                                 .expand_epochs = 0,
                                                                 .full_learning_rate = 0.05}) {
  TrainingOptions options;
  options.architecture = ofa::TinyManifest().architecture;
  options.resolutions = {12, 16};
  options.phases = ProgressiveShrinking(options.architecture, shrinking);
  options.batch = 8;
  options.crop_padding = 2;
  return options;
}

// One epoch of every phase.
TrainingOptions AllPhases() {
  return TinyOptions({.full_epochs = 1,
                      .kernel_epochs = 1,
                      .depth_epochs = 1,
                      .expand_epochs = 1,
                      .full_learning_rate = 0.05});
}

std::string Bytes(const tests::TempDir& folder, const char* file) {
  return tests::ReadFile(folder / file);
}

bool GoOn(const TrainingProgress&) { return true; }

TEST_CASE("training learns what colour tells, and calibrated subnets know it") {
  const tests::TempDir folder;
  const ImageSet images = Colours(48);
  const auto trainer = *Trainer::Create(TinyOptions());
  double first_loss = 0, last_loss = 0, done = 0;
  while (!trainer->done()) {
    REQUIRE(trainer
                ->RunEpoch(images,
                           [&](const TrainingProgress& progress) {
                             CHECK(progress.step == progress.steps);
                             if (progress.epoch == 0) first_loss = progress.loss;
                             last_loss = progress.loss;
                             CHECK(progress.done > done);
                             done = progress.done;
                             return true;
                           })
                .ok());
  }
  CHECK(done == Approx(1.0));
  CHECK(last_loss < 0.7 * first_loss);
  CHECK(absl::IsFailedPrecondition(trainer->RunEpoch(images, GoOn)));
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

// Runs to the end, stopping after each report and going on in a new trainer with nothing but the
// checkpoint.
int RunInPieces(const TrainingOptions& options, const ImageSet& images, const std::string& path) {
  int stops = 0;
  bool done = false;
  while (!done) {
    const auto trainer = *Trainer::Create(options);
    if (stops > 0) REQUIRE(trainer->LoadCheckpoint(path).ok());
    const TrainingPosition before = trainer->position();
    const absl::Status status =
        trainer->RunEpoch(images, [](const TrainingProgress&) { return false; });
    REQUIRE(absl::IsCancelled(status));
    CHECK_FALSE(trainer->position() == before);
    REQUIRE(trainer->SaveCheckpoint(path).ok());
    done = trainer->done();
    ++stops;
  }
  return stops;
}

TEST_CASE("a run that was stopped again and again ends at the same weights as one that was not") {
  const tests::TempDir folder;
  const ImageSet images = Colours(8 * 60);  // 60 steps: stopped within epochs, too
  const TrainingOptions options = AllPhases();
  const auto whole = *Trainer::Create(options);
  while (!whole->done()) REQUIRE(whole->RunEpoch(images, GoOn).ok());
  REQUIRE(whole->SaveWeights(folder / "whole", images, 16).ok());

  const auto phases = static_cast<int>(options.phases.size());
  CHECK(RunInPieces(options, images, folder / "checkpoint") == 2 * phases);
  const auto resumed = *Trainer::Create(options);
  REQUIRE(resumed->LoadCheckpoint(folder / "checkpoint").ok());
  REQUIRE(resumed->SaveWeights(folder / "resumed", images, 16).ok());
  CHECK(Bytes(folder, "resumed") == Bytes(folder, "whole"));
  const auto fresh = *Trainer::Create(options);
  REQUIRE(fresh->SaveWeights(folder / "fresh", images, 16).ok());
  CHECK(Bytes(folder, "fresh") != Bytes(folder, "whole"));
}

TEST_CASE("a run that is through goes on where phases were added to its end") {
  const tests::TempDir folder;
  const ImageSet images = Colours(24);
  TrainingOptions options = AllPhases();
  const auto shorter = *Trainer::Create(options);
  while (!shorter->done()) REQUIRE(shorter->RunEpoch(images, GoOn).ok());
  REQUIRE(shorter->SaveCheckpoint(folder / "checkpoint").ok());

  options.phases.push_back(options.phases.back());
  options.phases.back().sort_within.clear();
  const auto whole = *Trainer::Create(options);
  while (!whole->done()) REQUIRE(whole->RunEpoch(images, GoOn).ok());
  REQUIRE(whole->SaveWeights(folder / "whole", images, 16).ok());
  const auto longer = *Trainer::Create(options);
  REQUIRE(longer->LoadCheckpoint(folder / "checkpoint").ok());
  CHECK_FALSE(longer->done());
  REQUIRE(longer->RunEpoch(images, GoOn).ok());
  REQUIRE(longer->SaveWeights(folder / "longer", images, 16).ok());
  CHECK(Bytes(folder, "longer") == Bytes(folder, "whole"));
}

TEST_CASE("a run may end before phases that have not begun") {
  const tests::TempDir folder;
  const ImageSet images = Colours(24);
  TrainingOptions options = AllPhases();
  const auto longer = *Trainer::Create(options);
  REQUIRE(longer->RunEpoch(images, GoOn).ok());
  REQUIRE(longer->RunEpoch(images, GoOn).ok());
  REQUIRE(longer->SaveCheckpoint(folder / "second").ok());
  REQUIRE(longer->RunEpoch(images, GoOn).ok());
  REQUIRE(longer->SaveCheckpoint(folder / "third").ok());

  options.phases.resize(2);
  const auto shorter = *Trainer::Create(options);
  CHECK_FALSE(shorter->LoadCheckpoint(folder / "third").ok());
  REQUIRE(shorter->LoadCheckpoint(folder / "second").ok());
  CHECK(shorter->done());
  options.phases[1].largest_share += 0.001;  // another text that begins alike
  CHECK_FALSE((*Trainer::Create(options))->LoadCheckpoint(folder / "second").ok());
}

TEST_CASE("a run goes on from the weights of another, and with its seed draws other images") {
  const tests::TempDir folder;
  const ImageSet images = Colours(48);
  TrainingOptions options = TinyOptions({.full_epochs = 1});
  const auto first = *Trainer::Create(options);
  REQUIRE(first->SaveWeights(folder / "begin", images, 16).ok());
  REQUIRE(first->RunEpoch(images, GoOn).ok());
  REQUIRE(first->SaveWeights(folder / "first", images, 16).ok());
  REQUIRE(first->SaveCheckpoint(folder / "checkpoint").ok());

  // From its own beginning, the other run differs in nothing but what it draws.
  options.start_from = folder / "begin";
  const auto other = *Trainer::Create(options);
  REQUIRE(other->SaveWeights(folder / "start", images, 16).ok());
  CHECK(Bytes(folder, "start") == Bytes(folder, "begin"));
  REQUIRE(other->RunEpoch(images, GoOn).ok());
  REQUIRE(other->SaveWeights(folder / "other", images, 16).ok());
  CHECK(Bytes(folder, "other") != Bytes(folder, "first"));
  CHECK(absl::IsFailedPrecondition(other->LoadCheckpoint(folder / "checkpoint")));
}

TEST_CASE("weights to begin with must be of the architecture, except for the classes") {
  const tests::TempDir folder;
  TrainingOptions options = TinyOptions();
  const auto trainer = *Trainer::Create(options);
  REQUIRE(trainer->SaveWeights(folder / "three", Colours(8), 16).ok());

  options.start_from = folder / "three";
  options.architecture.classes = 7;
  CHECK(Trainer::Create(options).ok());
  options.architecture = ofa::TinyManifest().architecture;
  options.architecture.stages[0].width += 8;
  const absl::Status other = Trainer::Create(options).status();
  CHECK(absl::IsInvalidArgument(other));
  CHECK(std::string(other.message()).find("three: tensor") != std::string::npos);
  options.start_from = folder / "nowhere";
  CHECK(absl::IsNotFound(Trainer::Create(options).status()));
}

TEST_CASE("a checkpoint belongs to its options") {
  const tests::TempDir folder;
  const auto trainer = *Trainer::Create(TinyOptions());
  REQUIRE(trainer->SaveCheckpoint(folder / "checkpoint").ok());
  TrainingOptions other = TinyOptions();
  other.label_smoothing = 0.2;
  const absl::Status status = (*Trainer::Create(other))->LoadCheckpoint(folder / "checkpoint");
  CHECK(absl::IsFailedPrecondition(status));
  CHECK(std::string(status.message()).find("other options") != std::string::npos);
  other = TinyOptions();
  other.threads = 2;  // changes no weight that anybody relies on
  CHECK((*Trainer::Create(other))->LoadCheckpoint(folder / "checkpoint").ok());
}

TEST_CASE("a checkpoint that cannot be written leaves the one before") {
  const tests::TempDir folder;
  const auto trainer = *Trainer::Create(TinyOptions());
  REQUIRE(trainer->SaveCheckpoint(folder / "checkpoint").ok());
  const std::string before = Bytes(folder, "checkpoint");
  REQUIRE(trainer->RunEpoch(Colours(8), GoOn).ok());
  const tests::FileSizeLimit full(4096);  // as a full disk: the write fails in the middle
  CHECK_FALSE(trainer->SaveCheckpoint(folder / "checkpoint").ok());
  CHECK(Bytes(folder, "checkpoint") == before);
}

TEST_CASE("options, images and checkpoints that do not fit are refused") {
  TrainingOptions options = TinyOptions();
  options.resolutions.clear();
  CHECK_FALSE(Trainer::Create(options).ok());
  options = TinyOptions();
  options.resolutions = {4};
  CHECK_FALSE(Trainer::Create(options).ok());
  options = TinyOptions();
  options.phases[0].largest_share = 1.5;
  CHECK_FALSE(Trainer::Create(options).ok());

  options = AllPhases();
  options.phases.erase(options.phases.begin());  // would distil without a teacher
  CHECK_FALSE(Trainer::Create(options).ok());
  options.phases.clear();
  CHECK_FALSE(Trainer::Create(options).ok());
  options = TinyOptions();
  options.device = "abacus";
  CHECK(absl::IsUnavailable(Trainer::Create(options).status()));

  const auto trainer = *Trainer::Create(TinyOptions());
  CHECK(absl::IsInvalidArgument(trainer->RunEpoch(Colours(7), GoOn)));
  const tests::TempDir folder;
  folder.Write("junk", "12345678901234567890");
  CHECK_FALSE(trainer->LoadCheckpoint(folder / "junk").ok());
  REQUIRE(trainer->SaveWeights(folder / "weights", Colours(8), 16).ok());
  CHECK_FALSE(trainer->LoadCheckpoint(folder / "weights").ok());
}

}  // namespace
}  // namespace dynofa::engine::torch_backend
