#ifndef DYNOFA_DAEMON_TOOLS_LEVELS_H_
#define DYNOFA_DAEMON_TOOLS_LEVELS_H_

#include <vector>

#include "daemon/engine/ofa/manifest.h"

namespace dynofa::tools {

/// The six levels of Dynamic-OFA (Lou et al., ECV 2021; UoS-EEC/DynamicOFA, nets_6.pickle),
/// cheapest first, for ofa_mbv3_d234_e346_k357_w1.2. Accuracies are the published ones.
std::vector<engine::ofa::Subnet> DynamicOfaLevels();

}  // namespace dynofa::tools

#endif  // DYNOFA_DAEMON_TOOLS_LEVELS_H_
