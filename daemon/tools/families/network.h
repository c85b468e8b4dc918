#ifndef DYNOFA_DAEMON_TOOLS_FAMILIES_NETWORK_H_
#define DYNOFA_DAEMON_TOOLS_FAMILIES_NETWORK_H_

#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "daemon/engine/chain/chain.h"
#include "daemon/engine/ofa/architecture.h"

namespace dynofa::tools::families {

/// A subnet of the OFA MobileNetV3 supernet of one width.
struct OfaNetwork {
  double width = 1.0;
  engine::ofa::SubnetConfig config;
};

/// The graph of a network, and what it costs whoever runs it.
struct Network {
  std::variant<engine::chain::Chain, OfaNetwork> graph;
  engine::chain::Cost cost;

  int resolution() const;
};

Network MakeNetwork(engine::chain::Chain chain);
/// INVALID_ARGUMENT if the configuration does not fit the supernet.
absl::StatusOr<Network> MakeNetwork(OfaNetwork ofa);

/// A text that two networks have in common if and only if their graphs are the same.
std::string GraphKey(const Network& network);

}  // namespace dynofa::tools::families

#endif  // DYNOFA_DAEMON_TOOLS_FAMILIES_NETWORK_H_
