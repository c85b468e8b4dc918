#ifndef DYNOFA_DAEMON_ENGINE_OFA_PUBLISHED_H_
#define DYNOFA_DAEMON_ENGINE_OFA_PUBLISHED_H_

#include <string>
#include <string_view>
#include <vector>

#include "daemon/engine/ofa/manifest.h"

namespace dynofa::engine::ofa {

/// A checkpoint of the repository han-cai/files, folder ofa/ofa_nets.
struct PublishedCheckpoint {
  std::string_view file;
  std::string_view blob;  ///< git's id of its contents
};

/// The one whose blob id this is, or nullptr.
const PublishedCheckpoint* FindPublishedCheckpoint(std::string_view blob);

/// Subnets whose configuration somebody has published.
struct PublishedCatalogue {
  std::vector<Subnet> subnets;  ///< cheapest first, each more accurate than the one before
  std::string source;           ///< where they are from and what their top-1 means, for people
};

/// The catalogue for the supernet of that width, empty if there is none. Both are for 1000 classes
/// of ImageNet and for batch-norm statistics that are taken per subnet:
/// * 1.2: the six of Dynamic-OFA for a GPU (UoS-EEC/DynamicOFA 349461f, nets_6.pickle), top-1 as
///   published there for these weights;
/// * 1.0: those specialised nets of mit-han-lab/once-for-all f03b2673 that are Pareto-optimal in
///   multiply-adds among those tuned for 25 epochs. Their published top-1 is that of the tuned
///   nets; for the supernet's own weights it is an upper bound and labelled as modelled.
PublishedCatalogue PublishedSubnets(double width_mult);

}  // namespace dynofa::engine::ofa

#endif  // DYNOFA_DAEMON_ENGINE_OFA_PUBLISHED_H_
