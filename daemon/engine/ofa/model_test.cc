#include "daemon/engine/ofa/model.h"

#include <array>
#include <limits>
#include <string>
#include <vector>

#include "daemon/base/strings.h"
#include "daemon/engine/ofa/synthetic.h"
#include "daemon/engine/ofa/tiny_manifest_testing.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::engine::ofa {
namespace {

// A model directory that a test can damage before it is written.
class ModelFolder {
 public:
  ModelFolder() : manifest(TinyManifest()) {
    const std::vector<TensorShape> shapes = *StateDictShapes(manifest.architecture);
    for (const TensorShape& shape : shapes) {
      Add(weights, shape.key, shape.shape);
    }
    for (const Subnet& subnet : manifest.subnets) {
      for (const BatchNormLayer& layer :
           BatchNormLayers(*MakePlan(manifest.architecture, subnet.config))) {
        for (const char* vector : {".running_mean", ".running_var"}) {
          Add(statistics, base::StrCat(subnet.id, "/", layer.prefix, vector), {layer.channels});
        }
      }
    }
  }

  absl::StatusOr<std::shared_ptr<const OfaModel>> Load() const {
    folder_.Write("model.toml", ManifestText(manifest));
    Write("weights.safetensors", weights);
    if (!statistics.empty()) Write("bn.safetensors", statistics);
    return LoadModel(folder_.path().string());
  }
  std::string LoadError() const {
    const absl::Status status = Load().status();
    CHECK_FALSE(status.ok());
    return std::string(base::FromAbsl(status.message()));
  }
  const tests::TempDir& folder() const { return folder_; }

  struct Tensor {
    std::vector<std::int64_t> shape;
    std::vector<float> values;
  };
  using Tensors = std::map<std::string, Tensor>;

  Manifest manifest;
  Tensors weights;
  Tensors statistics;

 private:
  static void Add(Tensors& tensors, const std::string& key, std::vector<std::int64_t> shape) {
    std::size_t count = 1;
    for (std::int64_t extent : shape) count *= static_cast<std::size_t>(extent);
    tensors[key] = {std::move(shape), std::vector<float>(count, 0.25f)};
  }
  void Write(const char* file, const Tensors& tensors) const {
    std::vector<SafetensorsTensor> list;
    for (const auto& [key, tensor] : tensors) {
      list.push_back(
          {key, SafetensorsType::kF32, tensor.shape, std::as_bytes(std::span(tensor.values))});
    }
    REQUIRE(WriteSafetensors(folder_ / file, list).ok());
  }

  tests::TempDir folder_;
};

constexpr char kExpand[] = "blocks.2.conv.inverted_bottleneck.conv.conv.weight";

TEST_CASE("a model directory is loaded whole") {
  ModelFolder model_folder;
  model_folder.weights[kExpand].values[3] = 9.0f;
  const auto model = *model_folder.Load();
  CHECK(model->info().name == "tiny");
  CHECK(model->info().catalogue[0].id == "small");
  CHECK(model->info().weights_digest.size() == 64);
  CHECK(model->Weight(kExpand)[3] == 9.0f);
  CHECK(model->Config("large")->resolution == 24);
  CHECK(model->Statistics("small").at("first_conv.bn").variance[0] == 0.25f);
  CHECK(model->Statistics("small").count("blocks.2.conv.depth_conv.bn.bn") ==
        0);  // a skipped block
}

TEST_CASE("the digest covers weights and statistics") {
  ModelFolder folder;
  const std::string first = (*folder.Load())->info().weights_digest;
  CHECK((*folder.Load())->info().weights_digest == first);
  folder.statistics.begin()->second.values[0] = 0.5f;
  const std::string second = (*folder.Load())->info().weights_digest;
  CHECK(second != first);
  folder.weights[kExpand].values[0] = 0.5f;
  CHECK((*folder.Load())->info().weights_digest != second);
}

TEST_CASE("statistics may be left out, as a file or for a layer") {
  ModelFolder folder;
  folder.statistics.erase("small/first_conv.bn.running_mean");
  CHECK(folder.LoadError().find("\"small/first_conv.bn.running_mean\" is missing") !=
        std::string::npos);  // half a layer is a mistake
  folder.statistics.erase("small/first_conv.bn.running_var");
  CHECK((*folder.Load())->Statistics("small").count("first_conv.bn") == 0);
  ModelFolder without;
  without.statistics.clear();
  CHECK((*without.Load())->Statistics("small").empty());
}

TEST_CASE("where model.toml requires statistics, every layer of every subnet needs its own") {
  ModelFolder folder;
  folder.manifest.require_statistics = true;
  CHECK(folder.Load().ok());
  folder.statistics.erase("small/first_conv.bn.running_mean");
  folder.statistics.erase("small/first_conv.bn.running_var");
  CHECK(folder.LoadError().find("\"small\" has no batch-norm statistics for \"first_conv.bn\"") !=
        std::string::npos);
  ModelFolder without;
  without.manifest.require_statistics = true;
  without.statistics.clear();
  CHECK(absl::IsFailedPrecondition(without.Load().status()));
  CHECK(without.LoadError().find("run dynofa-model calibrate") != std::string::npos);
}

TEST_CASE("a catalogue whose tensors are not all there is refused") {
  ModelFolder folder;
  folder.weights.erase(kExpand);
  const std::string error = folder.LoadError();
  CHECK(error.find("weights.safetensors: tensor \"" + std::string(kExpand) + "\" is missing") !=
        std::string::npos);
}

TEST_CASE("tensors of a wrong shape, too many tensors and strange values are refused") {
  ModelFolder shape;
  shape.weights["classifier.linear.bias"] = {{4}, {0, 0, 0, 0}};
  CHECK(shape.LoadError().find("it must be F32 [3]") != std::string::npos);
  ModelFolder extra;
  extra.weights["blocks.9.weight"] = {{1}, {0}};
  CHECK(extra.LoadError().find("not part of the architecture") != std::string::npos);
  ModelFolder nan;
  nan.weights[kExpand].values[1] = std::numeric_limits<float>::quiet_NaN();
  CHECK(nan.LoadError().find("not a finite number") != std::string::npos);
  ModelFolder negative;
  negative.statistics["small/first_conv.bn.running_var"].values[0] = -1;
  CHECK(negative.LoadError().find("negative variance") != std::string::npos);
  ModelFolder stranger;
  stranger.statistics["huge/first_conv.bn.running_mean"] = {{8}, std::vector<float>(8)};
  CHECK(stranger.LoadError().find("belongs to no subnet") != std::string::npos);
}

TEST_CASE("a truncated or absent file is named") {
  ModelFolder folder;
  REQUIRE(folder.Load().ok());
  const std::string whole = tests::ReadFile(folder.folder() / "weights.safetensors");
  folder.folder().Write("weights.safetensors", whole.substr(0, whole.size() - 4));
  const absl::Status truncated = LoadModel(folder.folder().path().string()).status();
  CHECK(absl::IsInvalidArgument(truncated));
  CHECK(truncated.message().find("weights.safetensors") != absl::string_view::npos);
  std::filesystem::remove(folder.folder() / "weights.safetensors");
  const absl::Status absent = LoadModel(folder.folder().path().string()).status();
  CHECK(absl::IsNotFound(absent));
  CHECK(absent.message().find("weights.safetensors") != absl::string_view::npos);
  CHECK(absl::IsNotFound(LoadModel(folder.folder() / "nowhere").status()));
}

}  // namespace
}  // namespace dynofa::engine::ofa
