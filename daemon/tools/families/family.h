#ifndef DYNOFA_DAEMON_TOOLS_FAMILIES_FAMILY_H_
#define DYNOFA_DAEMON_TOOLS_FAMILIES_FAMILY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/base/toml_table.h"
#include "daemon/tools/families/network.h"

namespace dynofa::tools::families {

/// What the members of a family have in common.
enum class Sharing {
  kNothing,           ///< separate networks
  kWeights,           ///< each member has batch norms of its own
  kWeightsAndScales,  ///< each member has running statistics of its own
};

struct Member {
  std::string id;
  double top1 = 0.0;   ///< published, percent
  bool extra = false;  ///< measured only if all networks are asked for
  Network network;
};

/// A point of a published figure.
struct PublishedPoint {
  double ms = 0.0;
  double top1 = 0.0;  ///< percent
};

/// Networks that trade accuracy for latency, as one paper published them.
struct Family {
  std::string name;
  std::string paper;
  std::string source;
  bool subject = false;  ///< is compared with all families that are none
  Sharing sharing = Sharing::kNothing;
  int fixed_batch_norm_channels = 0;  ///< of the layers that no member makes narrower
  std::vector<PublishedPoint> figure_gpu;
  std::vector<PublishedPoint> figure_cpu;
  std::vector<Member> members;
};

/// Reads the file that families.toml in this folder describes, builds every network and counts what
/// it costs. INVALID_ARGUMENT with file and line if something in it is wrong.
absl::StatusOr<std::vector<Family>> ReadFamilies(const base::TomlTable& table);

/// The families that come with the program.
absl::StatusOr<std::vector<Family>> BuiltInFamilies();

}  // namespace dynofa::tools::families

#endif  // DYNOFA_DAEMON_TOOLS_FAMILIES_FAMILY_H_
