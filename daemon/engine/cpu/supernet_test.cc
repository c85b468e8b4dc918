#include "daemon/engine/cpu/supernet.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "daemon/engine/cpu/reference_testing.h"
#include "daemon/engine/ofa/manifest.h"
#include "daemon/engine/ofa/synthetic.h"
#include "tests/support/catch.h"

namespace dynofa::engine::cpu {
namespace {

// Largest difference of a logit over the largest logit, as the golden vectors have it.
constexpr double kTolerance = 3e-5;

ofa::Architecture FewClasses(double width) {
  ofa::Architecture architecture = ofa::Architecture::MobileNetV3(width);
  architecture.classes = 10;
  return architecture;
}

// Every kernel, expansion and depth, in an order that repeats in no stage.
ofa::SubnetConfig Mixed(const ofa::Architecture& architecture, int resolution) {
  ofa::SubnetConfig config = LargestSubnet(architecture, resolution);
  for (std::size_t i = 0; i < config.kernels.size(); ++i) {
    config.kernels[i] = architecture.kernels[(i * 5 + i / 3) % architecture.kernels.size()];
    config.expands[i] = architecture.expands[(i * 7 + i / 4) % architecture.expands.size()];
  }
  for (std::size_t s = 0; s < config.depths.size(); ++s) {
    config.depths[s] = architecture.depths[s % architecture.depths.size()];
  }
  return config;
}

std::shared_ptr<const ofa::OfaModel> ModelWith(const ofa::Architecture& architecture,
                                               const std::vector<ofa::Subnet>& subnets) {
  const auto model = ofa::SyntheticModel(architecture, subnets);
  INFO(model.status().ToString());
  REQUIRE(model.ok());
  return *model;
}

std::vector<float> Image(int resolution) {
  return ofa::SyntheticValues("image", static_cast<std::size_t>(resolution) * resolution * 3, 2.0);
}

std::vector<float> RunOnce(const PreparedSubnet& subnet, Workspace& workspace, int classes) {
  const std::vector<float> image = Image(subnet.info().resolution);
  std::vector<float> logits(static_cast<std::size_t>(classes), NAN);
  const absl::Status status = subnet.Run(image, logits, workspace);
  INFO(status.ToString());
  REQUIRE(status.ok());
  return logits;
}

}  // namespace

TEST_CASE("Logits equal a double-precision reference at every width and odd resolutions") {
  const double width = GENERATE(0.35, 1.0, 1.2);
  const ofa::Architecture a = FewClasses(width);
  const auto model = ModelWith(a, {{"large", LargestSubnet(a, 47)},
                                   {"small", SmallestSubnet(a, 33)},
                                   {"mixed", Mixed(a, 65)},
                                   {"pixel", Mixed(a, 32)}});
  const auto supernet = MakeSupernet(model).value();
  std::vector<std::shared_ptr<const PreparedSubnet>> prepared;
  for (const char* id : {"large", "small", "mixed", "pixel"}) {
    const auto subnet = supernet->Prepare(id);
    INFO(subnet.status().ToString());
    REQUIRE(subnet.ok());
    prepared.push_back(*subnet);
  }
  for (int threads : {1, 2}) {
    const auto workspace = supernet->NewWorkspace(threads).value();
    for (const auto& subnet : prepared) {
      const std::vector<double> expected =
          ReferenceLogits(*model, subnet->info().id, Image(subnet->info().resolution));
      INFO("width " << width << ", " << subnet->info().id << ", threads " << threads);
      CHECK(Difference(RunOnce(*subnet, *workspace, a.classes), expected) <= kTolerance);
    }
  }
}

TEST_CASE("Two threads run different subnets of one supernet at once") {
  const ofa::Architecture a = FewClasses(0.35);
  const auto model =
      ModelWith(a, {{"large", LargestSubnet(a, 48)}, {"small", SmallestSubnet(a, 40)}});
  const auto supernet = MakeSupernet(model).value();
  const std::vector<std::shared_ptr<const PreparedSubnet>> subnets = {
      supernet->Prepare("large").value(), supernet->Prepare("small").value()};
  const auto alternate = [&](std::size_t first, std::vector<std::vector<float>>& results) {
    const auto workspace = supernet->NewWorkspace(1).value();
    for (std::size_t i = 0; i < 20; ++i) {
      const PreparedSubnet& subnet = *subnets[(first + i) % 2];
      std::vector<float> logits(10);
      if (!subnet.Run(Image(subnet.info().resolution), logits, *workspace).ok()) logits.clear();
      results.push_back(std::move(logits));
    }
  };
  std::vector<std::vector<float>> here;
  std::vector<std::vector<float>> there;
  std::thread other(alternate, 1, std::ref(there));
  alternate(0, here);
  other.join();
  for (std::size_t i = 2; i < here.size(); ++i) {
    CHECK(here[i] == here[i - 2]);
    CHECK(there[i] == here[i - 1]);
  }
}

TEST_CASE("What a stopped run leaves changes no later run, of its own subnet or of another") {
  const ofa::Architecture a = FewClasses(0.35);
  const auto supernet = MakeSupernet(ModelWith(a, {{"large", LargestSubnet(a, 48)},
                                                   {"small", SmallestSubnet(a, 40)}}))
                            .value();
  const auto large = supernet->Prepare("large").value();
  const auto small = supernet->Prepare("small").value();
  const std::vector<float> image = Image(48);
  for (int threads : {1, 2}) {
    const auto workspace = supernet->NewWorkspace(threads).value();
    const std::vector<float> of_large = RunOnce(*large, *workspace, a.classes);
    const std::vector<float> of_small = RunOnce(*small, *workspace, a.classes);
    int parts = 2;
    for (int last = 1; last < parts; ++last) {
      INFO("threads " << threads << ", stopped after part " << last << " of " << parts);
      std::vector<float> logits(10, NAN);
      const absl::Status stopped =
          large->RunParts(image, logits, *workspace, [&](int done, int of) {
            parts = of;
            return done < last;
          });
      CHECK(stopped.code() == absl::StatusCode::kAborted);
      CHECK(RunOnce(*small, *workspace, a.classes) == of_small);
      CHECK(RunOnce(*large, *workspace, a.classes) == of_large);
    }
    CHECK(parts == 1 + 21 + 1);  // stem, the first block and five stages of four, tail
  }
}

TEST_CASE("A subnet is prepared once, and unknown ones are refused") {
  const ofa::Architecture a = FewClasses(0.35);
  const auto supernet = MakeSupernet(ModelWith(a, {{"small", SmallestSubnet(a, 32)}})).value();
  CHECK(supernet->backend() == "cpu");
  CHECK(supernet->Prepare("small").value() == supernet->Prepare("small").value());
  CHECK(supernet->Prepare("none").status().code() == absl::StatusCode::kNotFound);
  CHECK(supernet->NewWorkspace(0).status().code() == absl::StatusCode::kInvalidArgument);
}

TEST_CASE("A run checks sizes and that its workspace knows the subnet") {
  const ofa::Architecture a = FewClasses(0.35);
  const auto supernet = MakeSupernet(ModelWith(a, {{"small", SmallestSubnet(a, 32)}})).value();
  const auto early = supernet->NewWorkspace(1).value();
  const auto subnet = supernet->Prepare("small").value();
  const auto workspace = supernet->NewWorkspace(1).value();
  const std::vector<float> image = Image(32);
  std::vector<float> logits(10);
  CHECK(subnet->Run(image, logits, *workspace).ok());
  CHECK(subnet->Run(image, logits, *early).code() == absl::StatusCode::kFailedPrecondition);
  CHECK(subnet->Run(std::span(image).first(3), logits, *workspace).code() ==
        absl::StatusCode::kInvalidArgument);
  CHECK(subnet->Run(image, std::span(logits).first(9), *workspace).code() ==
        absl::StatusCode::kInvalidArgument);
  Workspace foreign;
  CHECK(subnet->Run(image, logits, foreign).code() == absl::StatusCode::kInvalidArgument);
}

}  // namespace dynofa::engine::cpu
