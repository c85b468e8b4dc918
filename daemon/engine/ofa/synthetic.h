#ifndef DYNOFA_DAEMON_ENGINE_OFA_SYNTHETIC_H_
#define DYNOFA_DAEMON_ENGINE_OFA_SYNTHETIC_H_

#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/engine/ofa/manifest.h"
#include "daemon/engine/ofa/weights.h"

namespace dynofa::engine::ofa {

/// A model whose every value follows from a hash, so that tests and benchmarks need no file and
/// another implementation can make the same one:
///
///   h = FNV-1a 64 of the tensor's key
///   z = SplitMix64's output for the state h + index * 0x9e3779b97f4a7c15
///   u = (z >> 40) / 2^23 - 1                                   in [-1, 1), exact in float32
///   value = float32(centre + scale * u)                        computed in double
///
/// with centre and scale by the key (n = inputs of one output, kernel area included):
///   *_matrix                      scale 0.5 / side; the centre is 1 on the diagonal, else 0
///   *.running_var                 centre 1, scale 0.5
///   *.bn.weight                   centre 1, scale 0.25
///   *.running_mean, *.bias        scale 0.1
///   depthwise weights             scale sqrt(6 / min(n, 25)), so that no kernel size fades
///   *.point_linear.* weights      scale sqrt(1.5 / n), so that shortcuts do not pile up
///   every other weight            scale sqrt(6 / n)
/// Every subnet has statistics of its own; their keys are "<subnet>/<layer>.running_mean" and
/// ".running_var". INVALID_ARGUMENT if `subnets` do not fit `architecture`.
absl::StatusOr<std::shared_ptr<const OfaModel>> SyntheticModel(const Architecture& architecture,
                                                               const std::vector<Subnet>& subnets);

/// `count` values of tensor `key` as above, with centre 0 and the given scale.
std::vector<float> SyntheticValues(std::string_view key, std::size_t count, double scale);

}  // namespace dynofa::engine::ofa

#endif  // DYNOFA_DAEMON_ENGINE_OFA_SYNTHETIC_H_
