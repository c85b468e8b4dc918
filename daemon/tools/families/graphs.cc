#include "daemon/tools/families/graphs.h"

#include <cstddef>
#include <span>
#include <utility>

#include "daemon/base/strings.h"
#include "daemon/engine/ofa/architecture.h"

namespace dynofa::tools::families {
namespace {

using engine::chain::Chain;
using engine::chain::Kind;
using engine::chain::Layer;
using engine::ofa::Activation;
using engine::ofa::MakeDivisible;

constexpr int kClasses = 1000;

Layer Convolution(int out, int kernel, int stride, Activation activation = Activation::kRelu6) {
  return {Kind::kConvolution, out, kernel, stride, activation};
}

Layer Depthwise(int kernel, int stride) {
  return {Kind::kDepthwise, 0, kernel, stride, Activation::kRelu6};
}

void AppendClassifier(std::vector<Layer>& layers, int classes) {
  layers.push_back({Kind::kGlobalPool});
  layers.push_back({Kind::kLinear, classes});
}

// Blocks with one kernel, all but the first of stride 1 and with a shortcut.
struct Stage {
  int blocks;
  int kernel;
  int stride;
};
// The first block has no expansion.
constexpr Stage kMobileNetV2[] = {{1, 3, 1}, {2, 3, 2}, {3, 3, 2}, {4, 3, 2},
                                  {3, 3, 1}, {3, 3, 2}, {1, 3, 1}};
constexpr Stage kMnasNet[] = {{1, 3, 1}, {3, 3, 2}, {3, 5, 2}, {3, 5, 2},
                              {2, 3, 1}, {4, 5, 2}, {1, 3, 1}};
// Stem, first block, sixteen blocks of two, last convolution, classes.
constexpr std::size_t kChannels = 36;

absl::StatusOr<Chain> InvertedResiduals(std::span<const Stage> stages,
                                        const std::vector<int>& channels, int resolution) {
  if (channels.size() != kChannels) {
    return absl::InvalidArgumentError(
        base::StrCat("channels has ", channels.size(), " entries; this network needs ", kChannels));
  }
  std::size_t next = 0;
  std::vector<Layer> layers = {Convolution(channels[next++], 3, 2)};
  bool first = true;
  for (const Stage& stage : stages) {
    for (int position = 0; position < stage.blocks; ++position) {
      const int before = static_cast<int>(layers.size()) - 1;
      if (!first) layers.push_back(Convolution(channels[next++], 1, 1));
      first = false;
      layers.push_back(Depthwise(stage.kernel, position == 0 ? stage.stride : 1));
      layers.push_back(Convolution(channels[next++], 1, 1, Activation::kNone));
      if (position > 0) layers.push_back({Kind::kAdd, 0, 1, 1, Activation::kNone, before});
    }
  }
  layers.push_back(Convolution(channels[next++], 1, 1));
  AppendClassifier(layers, channels[next]);
  return engine::chain::MakeChain(resolution, std::move(layers));
}

}  // namespace

absl::StatusOr<Chain> MobileNetV1(double width, int resolution) {
  constexpr std::pair<int, int> kBlocks[] = {{64, 1},  {128, 2},  {128, 1}, {256, 2}, {256, 1},
                                             {512, 2}, {512, 1},  {512, 1}, {512, 1}, {512, 1},
                                             {512, 1}, {1024, 2}, {1024, 1}};
  std::vector<Layer> layers = {Convolution(MakeDivisible(32 * width), 3, 2)};
  for (const auto& [channels, stride] : kBlocks) {
    layers.push_back(Depthwise(3, stride));
    layers.push_back(Convolution(MakeDivisible(channels * width), 1, 1));
  }
  AppendClassifier(layers, kClasses);
  return engine::chain::MakeChain(resolution, std::move(layers));
}

std::vector<int> MobileNetV2Channels(double width) {
  constexpr int kExpansion = 6;
  constexpr int kLast = 1280;
  constexpr int kWidths[] = {16, 24, 32, 64, 96, 160, 320};
  std::vector<int> channels = {MakeDivisible(32 * width)};
  for (std::size_t s = 0; s < std::size(kWidths); ++s) {
    const int out = MakeDivisible(kWidths[s] * width);
    for (int block = 0; block < kMobileNetV2[s].blocks; ++block) {
      if (s > 0) channels.push_back(channels.back() * kExpansion);
      channels.push_back(out);
    }
  }
  channels.push_back(kLast);
  channels.push_back(kClasses);
  return channels;
}

absl::StatusOr<Chain> MobileNetV2(const std::vector<int>& channels, int resolution) {
  return InvertedResiduals(kMobileNetV2, channels, resolution);
}

absl::StatusOr<Chain> MnasNet(const std::vector<int>& channels, int resolution) {
  return InvertedResiduals(kMnasNet, channels, resolution);
}

}  // namespace dynofa::tools::families
