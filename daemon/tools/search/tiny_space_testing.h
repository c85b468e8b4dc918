#ifndef DYNOFA_DAEMON_TOOLS_SEARCH_TINY_SPACE_TESTING_H_
#define DYNOFA_DAEMON_TOOLS_SEARCH_TINY_SPACE_TESTING_H_

#include "daemon/engine/ofa/tiny_manifest_testing.h"
#include "daemon/tools/search/space.h"

namespace dynofa::tools::search {

/// Two stages of up to two blocks: kernels 3, 5, 7; expansions 3, 4, 6; depths 1, 2; three
/// resolutions. 24 300 different subnets.
inline Space TinySpace() { return {engine::ofa::TinyManifest().architecture, {16, 20, 24}}; }

}  // namespace dynofa::tools::search

#endif  // DYNOFA_DAEMON_TOOLS_SEARCH_TINY_SPACE_TESTING_H_
