#ifndef DYNOFA_DAEMON_TOOLS_SMALL_NET_H_
#define DYNOFA_DAEMON_TOOLS_SMALL_NET_H_

#include <vector>

#include "daemon/engine/ofa/manifest.h"

namespace dynofa::tools {

/// A supernet for images of about 32x32 pixels: 10 million multiply-adds at most, 0.7 million
/// parameters, so that it trains in an hour on two cores. The stem keeps the resolution.
engine::ofa::Architecture SmallNet(int classes);

/// Sides of the input that SmallNet() is trained at, ascending.
std::vector<int> SmallNetResolutions();

/// Eight subnets of SmallNet() from the smallest to the largest, about a factor 1.4 in
/// multiply-adds apart.
std::vector<engine::ofa::Subnet> SmallNetLadder(const engine::ofa::Architecture& architecture);

}  // namespace dynofa::tools

#endif  // DYNOFA_DAEMON_TOOLS_SMALL_NET_H_
