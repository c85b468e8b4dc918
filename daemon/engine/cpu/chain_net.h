#ifndef DYNOFA_DAEMON_ENGINE_CPU_CHAIN_NET_H_
#define DYNOFA_DAEMON_ENGINE_CPU_CHAIN_NET_H_

#include <memory>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/engine/chain/chain.h"
#include "daemon/engine/chain/weights.h"

namespace dynofa::engine::cpu {

/// What becomes of the batch norms that follow 1x1 convolutions. All others are multiplied into
/// the copy of the weights that oneDNN wants anyway, here and in the supernets.
enum class BatchNormForm {
  kApplied,  ///< scale and bias of the product: what weights that several networks share allow
  kFolded,   ///< multiplied into a copy of the weights
};

/// A chain on the operations of the supernets' backend, with weights of its own. One thread at a
/// time.
class ChainNet {
 public:
  virtual ~ChainNet() = default;

  /// Makes the net for runs with `threads` threads, 1 or more. `weights` fit `chain`.
  static absl::StatusOr<std::unique_ptr<ChainNet>> Create(
      const chain::Chain& chain, std::shared_ptr<const chain::Weights> weights, BatchNormForm form,
      int threads);

  /// Runs one NHWC image of the chain's resolution into one logit per class. INVALID_ARGUMENT if a
  /// size is wrong.
  virtual absl::Status Run(std::span<const float> image, std::span<float> logits) = 0;
};

}  // namespace dynofa::engine::cpu

#endif  // DYNOFA_DAEMON_ENGINE_CPU_CHAIN_NET_H_
