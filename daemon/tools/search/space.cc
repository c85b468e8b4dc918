#include "daemon/tools/search/space.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string_view>

#include "daemon/base/hash.h"
#include "daemon/base/strings.h"

namespace dynofa::tools::search {
namespace {

using engine::ofa::Architecture;
using engine::ofa::StageSpec;

// How closely DrawLeaning keeps to the size that it drew.
constexpr double kLeaning = 0.7;

bool Chance(double probability, Random& random) {
  return std::uniform_real_distribution<>()(random) < probability;
}

int Draw(const std::vector<int>& choices, Random& random) {
  return choices[std::uniform_int_distribution<std::size_t>(0, choices.size() - 1)(random)];
}

int DrawNear(const std::vector<int>& choices, double size, Random& random) {
  if (!Chance(kLeaning, random)) return Draw(choices, random);
  return choices[static_cast<std::size_t>(
      std::lround(size * static_cast<double>(choices.size() - 1)))];
}

// A configuration of the right lengths.
SubnetConfig Blank(const Space& space) {
  return LargestSubnet(space.architecture, space.resolutions.back());
}

std::string Joined(const std::vector<int>& values, std::string_view separator) {
  std::string text;
  for (int value : values) text += base::StrCat(text.empty() ? "" : separator, value);
  return text;
}

}  // namespace

bool Runs(const Space& space, const SubnetConfig& config, std::size_t stage, int position) {
  return position < std::min(config.depths[stage], space.architecture.stages[stage].max_depth);
}

SubnetConfig Canonical(const Space& space, SubnetConfig config) {
  const Architecture& a = space.architecture;
  std::size_t block = 0;
  for (std::size_t s = 0; s < a.stages.size(); ++s) {
    for (int position = 0; position < a.stages[s].max_depth; ++position, ++block) {
      if (Runs(space, config, s, position)) continue;
      config.kernels[block] = a.kernels.front();
      config.expands[block] = a.expands.front();
    }
    const int depth = std::min(config.depths[s], a.stages[s].max_depth);
    config.depths[s] = *std::find_if(a.depths.begin(), a.depths.end(),
                                     [depth](int choice) { return choice >= depth; });
  }
  return config;
}

SubnetConfig DrawUniform(const Space& space, Random& random) {
  const Architecture& a = space.architecture;
  SubnetConfig config = Blank(space);
  for (int& kernel : config.kernels) kernel = Draw(a.kernels, random);
  for (int& expand : config.expands) expand = Draw(a.expands, random);
  for (int& depth : config.depths) depth = Draw(a.depths, random);
  config.resolution = Draw(space.resolutions, random);
  return Canonical(space, std::move(config));
}

SubnetConfig DrawLeaning(const Space& space, Random& random) {
  const Architecture& a = space.architecture;
  const double size = std::uniform_real_distribution<>()(random);
  SubnetConfig config = Blank(space);
  for (int& kernel : config.kernels) kernel = DrawNear(a.kernels, size, random);
  for (int& expand : config.expands) expand = DrawNear(a.expands, size, random);
  for (int& depth : config.depths) depth = DrawNear(a.depths, size, random);
  config.resolution = Draw(space.resolutions, random);
  return Canonical(space, std::move(config));
}

SubnetConfig Mutate(const Space& space, const SubnetConfig& parent, const MutationRates& rates,
                    Random& random) {
  const Architecture& a = space.architecture;
  SubnetConfig config = parent;
  for (std::size_t block = 0; block < config.kernels.size(); ++block) {
    if (!Chance(rates.gene, random)) continue;
    config.kernels[block] = Draw(a.kernels, random);
    config.expands[block] = Draw(a.expands, random);
  }
  for (int& depth : config.depths) {
    if (Chance(rates.gene, random)) depth = Draw(a.depths, random);
  }
  if (Chance(rates.resolution, random)) config.resolution = Draw(space.resolutions, random);
  return Canonical(space, std::move(config));
}

SubnetConfig Cross(const Space& space, const SubnetConfig& a, const SubnetConfig& b,
                   Random& random) {
  SubnetConfig config = a;
  for (std::size_t block = 0; block < config.kernels.size(); ++block) {
    if (!Chance(0.5, random)) continue;
    config.kernels[block] = b.kernels[block];
    config.expands[block] = b.expands[block];
  }
  for (std::size_t s = 0; s < config.depths.size(); ++s) {
    if (Chance(0.5, random)) config.depths[s] = b.depths[s];
  }
  if (Chance(0.5, random)) config.resolution = b.resolution;
  return Canonical(space, std::move(config));
}

std::string Text(const SubnetConfig& config) {
  return base::StrCat("r", config.resolution, " d", Joined(config.depths, "."), " k",
                      Joined(config.kernels, "."), " e", Joined(config.expands, "."));
}

std::string SubnetId(const SubnetConfig& config) {
  constexpr std::uint64_t kSixDigits = 0xffffff;
  char hash[8];
  std::snprintf(hash, sizeof(hash), "%06x",
                static_cast<unsigned>(base::Fnv1a(Text(config)) & kSixDigits));
  const bool long_depths = *std::max_element(config.depths.begin(), config.depths.end()) > 9;
  return base::StrCat("r", config.resolution, "-d", Joined(config.depths, long_depths ? "." : ""),
                      "-", hash);
}

}  // namespace dynofa::tools::search
