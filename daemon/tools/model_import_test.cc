#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "daemon/base/strings.h"
#include "daemon/engine/checkpoint/torch_writer_testing.h"
#include "daemon/engine/loader/loader.h"
#include "daemon/engine/ofa/model.h"
#include "daemon/engine/ofa/published.h"
#include "daemon/engine/ofa/synthetic.h"
#include "daemon/tools/model_commands.h"
#include "daemon/tools/model_directory.h"
#include "daemon/tools/png_testing.h"
#include "tests/support/catch.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/temp_dir.h"

namespace dynofa::tools {
namespace {

using engine::ofa::Architecture;

absl::Status Run(const std::vector<std::string>& arguments) {
  CLI::App app;
  Action action;
  AddImportCommand(app, action);
  AddCalibrateCommand(app, action);
  AddPredictCommand(app, action);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  app.parse(reversed);
  return action();
}

std::string ErrorOf(const std::vector<std::string>& arguments) {
  const absl::Status status = Run(arguments);
  CHECK_FALSE(status.ok());
  return std::string(base::FromAbsl(status.message()));
}

bool Mentions(const std::string& error, std::string_view text) {
  CAPTURE(error);
  return error.find(text) != std::string::npos;
}

// A checkpoint of width 1.0 as the reference's release of January 2020 names its tensors, of
// synthetic values and with few classes, which keeps it small.
class Checkpoint {
 public:
  Checkpoint() : architecture_(Architecture::MobileNetV3(1.0)) {
    architecture_.classes = 2;
    model_ = *engine::ofa::SyntheticModel(
        architecture_, {{.id = "x", .config = engine::ofa::SmallestSubnet(architecture_, 32)}});
    std::vector<engine::checkpoint::testing::TestTensor> tensors;
    const auto shapes = *engine::ofa::StateDictShapes(architecture_);
    for (const engine::ofa::TensorShape& shape : shapes) {
      std::string name = shape.key;
      if (name.starts_with("blocks.")) {
        name.replace(name.find(".conv."), 6, ".mobile_inverted_conv.");
      }
      const std::span<const float> values = model_->Weight(shape.key);
      tensors.push_back({name, shape.shape, {values.begin(), values.end()}});
    }
    path_ = folder_.Write("net.pth", engine::checkpoint::testing::LegacyFile(tensors));
    subnets_ = folder_.Write("subnets.toml", SubnetTables());
    labels_ = folder_.Write("labels.txt", "blue\r\nred\n");
  }

  std::string operator/(std::string_view name) const { return folder_ / name; }
  const std::string& path() const { return path_; }
  const std::string& subnets() const { return subnets_; }
  const std::string& labels() const { return labels_; }
  const tests::TempDir& folder() const { return folder_; }
  const engine::ofa::OfaModel& model() const { return *model_; }

 private:
  static std::string SubnetTables() {
    std::string threes = "3", twos = "2";
    for (int i = 1; i < 20; ++i) threes += ", 3";
    for (int i = 1; i < 5; ++i) twos += ", 2";
    return base::StrCat("[[subnet]]\nid = \"small\"\nresolution = 32\nkernels = [", threes,
                        "]\nexpands = [", threes, "]\ndepths = [", twos,
                        "]\naccuracy = 0.5\naccuracy_evidence = \"unknown\"\n");
  }

  tests::TempDir folder_;
  Architecture architecture_;
  std::shared_ptr<const engine::ofa::OfaModel> model_;
  std::string path_, subnets_, labels_;
};

TEST_CASE("a checkpoint becomes a model that asks for calibration, then runs") {
  const Checkpoint checkpoint;
  const std::string model = checkpoint / "model";
  REQUIRE(Run({"import", checkpoint.path(), "--out", model, "--subnets", checkpoint.subnets(),
               "--labels", checkpoint.labels()})
              .ok());
  const engine::ofa::Manifest manifest = *ReadModelManifest(model);
  CHECK(manifest.name == "ofa-mbv3-w1.0");
  CHECK(manifest.labels == std::vector<std::string>{"blue", "red"});
  CHECK(Mentions(manifest.provenance, "imported from net.pth (git blob "));
  CHECK(Mentions(manifest.provenance, "none of the published supernets"));
  CHECK(manifest.preprocessing.crop_ratio == 0.875);
  const auto weights = *LoadUncalibrated(model, manifest);
  constexpr char kKey[] = "blocks.7.conv.depth_conv.conv.7to5_matrix";
  const std::span<const float> expected = checkpoint.model().Weight(kKey);
  CHECK(std::equal(expected.begin(), expected.end(), weights->Weight(kKey).begin()));

  const absl::Status uncalibrated = engine::LoadSupernet(model, "torch").status();
  CHECK(absl::IsFailedPrecondition(uncalibrated));
  CHECK(uncalibrated.message().find("dynofa-model calibrate") != absl::string_view::npos);
  for (std::uint8_t image = 0; image < 4; ++image) {
    const std::vector<std::uint8_t> pixels(60 * 40 * 3, static_cast<std::uint8_t>(60 * image));
    checkpoint.folder().Write(
        base::StrCat("data/", image % 2 == 0 ? "blue/" : "red/", image, ".png"),
        testing::PngFile(60, 40, pixels));
  }
  REQUIRE(Run({"calibrate", "--model", model, "--data", checkpoint / "data"}).ok());
  const auto supernet = engine::LoadSupernet(model, "torch");
  REQUIRE(supernet.ok());
  CHECK((*supernet)->Prepare("small").ok());
}

TEST_CASE("a file that is not the expected one is refused before anything is written") {
  const Checkpoint checkpoint;
  const std::string model = checkpoint / "model";
  const std::string expected = "d75a3613bae216091f61fc4b7df77d49cc82ed32";
  CHECK(Mentions(ErrorOf({"import", checkpoint.path(), "--out", model, "--expect-blob", expected}),
                 "not d75a3613bae216091f61fc4b7df77d49cc82ed32: another file"));
  CHECK(Mentions(ErrorOf({"import", checkpoint.path(), "--out", model}),
                 "has 2 classes; the published subnets are for ImageNet's 1000"));
  const std::string three = checkpoint.folder().Write("three.txt", "a\nb\nc\n");
  CHECK(Mentions(ErrorOf({"import", checkpoint.path(), "--out", model, "--subnets",
                          checkpoint.subnets(), "--labels", three}),
                 "labels has 3 entries, but there are 2 classes"));
  CHECK(Mentions(ErrorOf({"import", checkpoint.path(), "--out", model, "--subnets",
                          checkpoint.subnets(), "--name", "My Model"}),
                 "name must be"));
  const std::string text = checkpoint.folder().Write("x.pth", "<html>not found</html>");
  CHECK(Mentions(ErrorOf({"import", text, "--out", model}), "is no checkpoint"));
  CHECK(absl::IsNotFound(Run({"import", checkpoint / "none", "--out", model})));
  CHECK_FALSE(std::filesystem::exists(model));
}

TEST_CASE("the published predictor is asked about the subnets of a model") {
  const Checkpoint checkpoint;
  const std::string model = checkpoint / "model";
  REQUIRE(
      Run({"import", checkpoint.path(), "--out", model, "--subnets", checkpoint.subnets()}).ok());
  const std::vector<engine::checkpoint::testing::TestTensor> layers = {
      {"0.weight", {1, 128}, std::vector<float>(128)},
      {"0.bias", {1}, {1}},
      {"2.weight", {1, 1}, {1}},
      {"2.bias", {1}, {1}},
      {"4.weight", {1, 1}, {1}},
      {"4.bias", {1}, {1}},
      {"6.weight", {1, 1}, {1}},
      {"6.bias", {1}, {1}}};
  const std::string predictor =
      checkpoint.folder().Write("p.pth", engine::checkpoint::testing::LegacyFile(layers));
  CHECK(Run({"predict", "--model", model, "--predictor", predictor}).ok());
  CHECK(Mentions(ErrorOf({"predict", "--model", model, "--predictor", checkpoint.path()}),
                 "is no accuracy predictor"));
  CHECK(absl::IsNotFound(Run({"predict", "--model", model, "--predictor", checkpoint / "none"})));
}

TEST_CASE("a full disk and a second import leave a model directory as it was") {
  const Checkpoint checkpoint;
  const std::string model = checkpoint / "model";
  const std::vector<std::string> import = {"import", checkpoint.path(), "--out",
                                           model,    "--subnets",       checkpoint.subnets()};
  {
    const tests::FileSizeLimit limit(1 << 20);
    CHECK(absl::IsResourceExhausted(Run(import)));
    CHECK(tests::ReadTree(model).empty());
  }
  REQUIRE(Run(import).ok());
  const auto before = tests::ReadTree(model);
  CHECK(before.size() == 2);
  CHECK(Mentions(ErrorOf(import), "model.toml: is there already"));
  engine::ofa::Manifest manifest = *ReadModelManifest(model);
  manifest.provenance = std::string(100000, 'x');
  {
    const tests::FileSizeLimit limit(1 << 16);
    CHECK(absl::IsResourceExhausted(WriteModelManifest(model, manifest)));
  }
  CHECK(tests::ReadTree(model) == before);
}

}  // namespace
}  // namespace dynofa::tools
