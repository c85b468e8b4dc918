#ifndef DYNOFA_DAEMON_ENGINE_OFA_TINY_MANIFEST_TESTING_H_
#define DYNOFA_DAEMON_ENGINE_OFA_TINY_MANIFEST_TESTING_H_

#include "daemon/engine/ofa/manifest.h"

namespace dynofa::engine::ofa {

/// A net of a few thousand weights with two subnets, "small" and "large", for tests.
inline Manifest TinyManifest() {
  Manifest manifest;
  manifest.name = "tiny";
  manifest.provenance = "made by a test";
  manifest.labels = {"cat", "dog", "say \"moo\""};
  Architecture& a = manifest.architecture;
  a.width_mult = 0.5;
  a.classes = 3;
  a.stem_stride = 1;
  a.stages = {{16, 2, Activation::kRelu, true, 2}, {24, 2, Activation::kHSwish, false, 2}};
  a.depths = {1, 2};
  a.final_expand_width = 32;
  a.last_width = 48;
  manifest.subnets = {{"large", LargestSubnet(a, 24), 0.75, policies::Evidence::kMeasured},
                      {"small", SmallestSubnet(a, 16), 0.5, policies::Evidence::kMeasured}};
  return manifest;
}

}  // namespace dynofa::engine::ofa

#endif  // DYNOFA_DAEMON_ENGINE_OFA_TINY_MANIFEST_TESTING_H_
