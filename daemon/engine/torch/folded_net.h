#ifndef DYNOFA_DAEMON_ENGINE_TORCH_FOLDED_NET_H_
#define DYNOFA_DAEMON_ENGINE_TORCH_FOLDED_NET_H_

#include <memory>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/engine/ofa/weights.h"

namespace dynofa::engine::torch_backend {

/// How libtorch runs a folded net: its prepacked oneDNN convolutions, or plain convolutions.
enum class FoldedPath { kPrepacked, kPlain };

/// One subnet as a user of libtorch would make it fast: extracted, batch norms folded into the
/// convolutions, activations channels last. It shares nothing with other subnets; benchmarks
/// compare with it. Thread-compatible.
class FoldedNet {
 public:
  virtual ~FoldedNet() = default;

  /// Runs one NHWC image of the subnet's resolution into one logit per class, with `threads`
  /// threads. INVALID_ARGUMENT if a size is wrong.
  virtual absl::Status Run(std::span<const float> image, std::span<float> logits, int threads) = 0;

  /// REQUIRES: a subnet of the catalogue. UNIMPLEMENTED if this libtorch has no such path.
  static absl::StatusOr<std::unique_ptr<FoldedNet>> Create(const ofa::OfaModel& model,
                                                           std::string_view subnet,
                                                           FoldedPath path);
};

}  // namespace dynofa::engine::torch_backend

#endif  // DYNOFA_DAEMON_ENGINE_TORCH_FOLDED_NET_H_
