#ifndef DYNOFA_DAEMON_TOOLS_SMALL_NET_H_
#define DYNOFA_DAEMON_TOOLS_SMALL_NET_H_

#include <vector>

#include "daemon/engine/ofa/manifest.h"

namespace dynofa::tools {

/// A supernet for images of about 32x32 pixels: 33 million multiply-adds at most, 1.7 million
/// parameters, so that it trains in two hours on one core. The stem keeps the resolution.
engine::ofa::Architecture SmallNet(int classes);

/// Nine subnets of SmallNet() from the smallest to the largest at sides from 20 to 32: a first
/// ladder, and the resolutions to train at.
std::vector<engine::ofa::Subnet> SmallNetLadder(const engine::ofa::Architecture& architecture);

}  // namespace dynofa::tools

#endif  // DYNOFA_DAEMON_TOOLS_SMALL_NET_H_
