#ifndef DYNOFA_DAEMON_TOOLS_SEARCH_SPACE_H_
#define DYNOFA_DAEMON_TOOLS_SEARCH_SPACE_H_

#include <random>
#include <string>
#include <vector>

#include "daemon/engine/ofa/architecture.h"

namespace dynofa::tools::search {

using engine::ofa::SubnetConfig;
using Random = std::mt19937_64;

/// All subnets of a supernet: its choices per block and stage, and the resolutions it was trained
/// for (ascending, at least one). Functions below take configurations that fit it.
struct Space {
  engine::ofa::Architecture architecture;
  std::vector<int> resolutions;
};

/// The same subnet in the one spelling that makes equal subnets compare equal: entries of skipped
/// blocks are the smallest choice, and a depth that a stage cannot reach is the smallest that
/// runs as many blocks.
SubnetConfig Canonical(const Space& space, SubnetConfig config);

/// Whether block `position` of stage `stage` runs.
bool Runs(const Space& space, const SubnetConfig& config, std::size_t stage, int position);

/// Every choice independent and uniform (sample_active_subnet of the reference).
SubnetConfig DrawUniform(const Space& space, Random& random);

/// Choices that lean to one size, which is drawn first: uniform ones all come out middle-sized,
/// and say little about the ends.
SubnetConfig DrawLeaning(const Space& space, Random& random);

/// How often a gene changes. A block's kernel and expansion are one gene; so is each stage's
/// depth, and the resolution.
struct MutationRates {
  double gene = 0.1;
  double resolution = 0.5;
};

/// `parent` with some genes drawn anew.
SubnetConfig Mutate(const Space& space, const SubnetConfig& parent, const MutationRates& rates,
                    Random& random);

/// Each gene from one parent or the other.
SubnetConfig Cross(const Space& space, const SubnetConfig& a, const SubnetConfig& b,
                   Random& random);

/// "r28 d2.1 k3.5.3 e4.3.6": resolution, depth of each stage, kernel and expansion of each block.
/// Canonical configurations are equal if and only if their texts are.
std::string Text(const SubnetConfig& config);

/// "r28-d21-3fa9c1": resolution, depths, and a hash of Text(). Follows from the configuration.
std::string SubnetId(const SubnetConfig& config);

}  // namespace dynofa::tools::search

#endif  // DYNOFA_DAEMON_TOOLS_SEARCH_SPACE_H_
