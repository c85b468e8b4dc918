#include "daemon/engine/loader/loader.h"

#include <algorithm>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/engine/executor.h"
#include "daemon/engine/ofa/synthetic.h"
#include "daemon/engine/ofa/tiny_manifest_testing.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::engine {
namespace {

TEST_CASE("an unknown family and an unknown backend are refused with what there is") {
  const tests::TempDir folder;
  folder.Write("model.toml", "name = \"x\"\nfamily = \"resnet\"\n");
  CHECK(LoadSupernet(folder.path().string(), "torch").status().message() ==
        folder.path().string() +
            "/model.toml:2: family \"resnet\" is not known; known: ofa-mobilenetv3");
  const ofa::Manifest manifest = ofa::TinyManifest();
  const auto model = *ofa::SyntheticModel(manifest.architecture, manifest.subnets);
  const absl::Status status = MakeOfaSupernet(model, "tpu").status();
  CHECK(absl::IsInvalidArgument(status));
  CHECK(status.message().find("there is no backend \"tpu\"; there are: ") == 0);
}

TEST_CASE("every backend of the build prepares and runs a subnet") {
  const ofa::Manifest manifest = ofa::TinyManifest();
  const auto model = *ofa::SyntheticModel(manifest.architecture, manifest.subnets);
  for (std::string_view backend : BackendNames()) {
    CAPTURE(std::string(backend));
    const auto supernet = *MakeOfaSupernet(model, backend);
    CHECK(supernet->backend() == backend);
    CHECK_FALSE(supernet->build().empty());
    const auto subnet = *supernet->Prepare("small");
    CHECK(*supernet->Prepare("small") == subnet);
    CHECK(absl::IsNotFound(supernet->Prepare("huge").status()));
    const auto workspace = *supernet->NewWorkspace(1);
    CHECK_FALSE(supernet->NewWorkspace(0).ok());
    const std::vector<float> image = ofa::SyntheticValues("image", 16 * 16 * 3, 1.0);
    std::vector<float> logits(3, 99.0f);
    REQUIRE(subnet->Run(image, logits, *workspace).ok());
    CHECK(logits[0] != 99.0f);
    CHECK(absl::IsInvalidArgument(subnet->Run(std::span(image).first(12), logits, *workspace)));
    CHECK(absl::IsInvalidArgument(subnet->Run(image, std::span(logits).first(2), *workspace)));
  }
}

TEST_CASE("a run of any backend can be stopped after each part, and the next is as before") {
  const ofa::Manifest manifest = ofa::TinyManifest();
  const auto model = *ofa::SyntheticModel(manifest.architecture, manifest.subnets);
  const std::vector<float> image = ofa::SyntheticValues("image", 24 * 24 * 3, 1.0);
  for (std::string_view backend : BackendNames()) {
    CAPTURE(std::string(backend));
    const auto supernet = *MakeOfaSupernet(model, backend);
    const auto subnet = *supernet->Prepare("large");
    const auto workspace = *supernet->NewWorkspace(1);
    std::vector<float> expected(3);
    std::vector<int> asked;
    int parts = 0;
    const auto count = [&](int done, int of) {
      asked.push_back(done);
      parts = of;
      return true;
    };
    REQUIRE(subnet->RunParts(image, expected, *workspace, count).ok());
    CHECK(parts == 1 + 5 + 1);  // stem, the first block and two stages of two, tail
    CHECK(asked == std::vector<int>{1, 2, 3, 4, 5, 6});
    for (const int last : asked) {
      CAPTURE(last);
      std::vector<float> logits(3);
      const auto stop = [&](int done, int) { return done < last; };
      CHECK(absl::IsAborted(subnet->RunParts(image, logits, *workspace, stop)));
      REQUIRE(subnet->Run(image, logits, *workspace).ok());
      CHECK(logits == expected);
    }
  }
}

TEST_CASE("an executor asks a run of any backend on its way, and may stop it") {
  const ofa::Manifest manifest = ofa::TinyManifest();
  const auto model = *ofa::SyntheticModel(manifest.architecture, manifest.subnets);
  Tensor image{"image", DataType::kFloat32, {1, 3, 24, 24}, {}};
  image.bytes.resize(3 * 24 * 24 * sizeof(float), std::byte{63});
  for (std::string_view backend : BackendNames()) {
    CAPTURE(std::string(backend));
    const auto supernet = *MakeOfaSupernet(model, backend);
    const auto subnet = *supernet->Prepare("large");
    const base::SteadyClock clock;
    const auto executor = MakeCpuExecutor(clock);
    std::vector<double> shares;
    std::size_t stop_at = 7;  // more than there are parts to be asked after
    RunSettings settings;
    settings.go_on = [&](base::Duration, double share) {
      shares.push_back(share);
      return shares.size() < stop_at;
    };
    absl::StatusOr<RunResult> whole;
    // Until two runs have had the CPU for themselves.
    for (int runs = 0; shares.empty() && runs < 1000; ++runs) {
      whole = executor->Run(*supernet, *subnet, image, settings);
      REQUIRE(whole.ok());
    }
    REQUIRE(shares.size() == 6);
    CHECK(std::is_sorted(shares.begin(), shares.end()));
    CHECK((shares.front() > 0.0 && shares.back() < 1.0));
    shares.clear();
    stop_at = 3;
    CHECK(absl::IsAborted(executor->Run(*supernet, *subnet, image, settings).status()));
    CHECK(shares.size() == 3);
    CHECK(executor->Run(*supernet, *subnet, image, {})->output.bytes == whole->output.bytes);
  }
}

}  // namespace
}  // namespace dynofa::engine
