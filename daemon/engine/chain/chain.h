#ifndef DYNOFA_DAEMON_ENGINE_CHAIN_CHAIN_H_
#define DYNOFA_DAEMON_ENGINE_CHAIN_CHAIN_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/engine/ofa/architecture.h"

namespace dynofa::engine::chain {

/// What a layer computes of the output of the layer before it.
enum class Kind {
  kConvolution,  ///< dense, without bias, then batch norm and the activation
  kDepthwise,    ///< one filter per channel, without bias, then batch norm and the activation
  kGlobalPool,   ///< the mean of each channel
  kLinear,       ///< of a map of one pixel, with bias
  kAdd,          ///< plus the output of an earlier layer
};

/// One layer of a chain. The members below `residual_from` are filled in by MakeChain().
struct Layer {
  Kind kind = Kind::kConvolution;
  int out = 0;     ///< channels; as many as come in, for all but kConvolution and kLinear
  int kernel = 1;  ///< odd; the padding is kernel / 2 on all sides
  int stride = 1;
  ofa::Activation activation = ofa::Activation::kNone;
  int residual_from = -1;  ///< kAdd: place of the other layer in the chain
  int in = 0;
  int in_size = 0;  ///< side of the map that comes in, pixels
  int out_size = 0;
};

/// A network whose layers each read the one before, shortcuts apart: the MobileNets and their
/// like, with every width resolved. It reads a square RGB image and ends in a linear layer.
struct Chain {
  int resolution = 0;
  std::vector<Layer> layers;

  int classes() const { return layers.back().out; }
};

/// Resolves channels and sizes and checks `layers`. INVALID_ARGUMENT names the layer that does not
/// fit. An addition must follow a 1x1 convolution without activation that is at least two layers
/// after the one it adds, and a layer is added once at most: backends then add in place.
absl::StatusOr<Chain> MakeChain(int resolution, std::vector<Layer> layers);

/// What one inference costs and what there is to store.
struct Cost {
  std::int64_t macs = 0;  ///< multiply-adds of convolutions and linear layers
  /// Weights, biases, and scale and shift of every channel of a batch norm.
  std::int64_t parameters = 0;
  std::int64_t batch_norm_channels = 0;
  int layers = 0;  ///< convolutions and linear layers
};
Cost CostOf(const Chain& chain);

/// Values of the layer's weight (the bias of a linear layer apart); 0 if it has none.
std::int64_t WeightCount(const Layer& layer);

/// Whether batch norm follows the layer.
bool HasBatchNorm(const Layer& layer);

}  // namespace dynofa::engine::chain

#endif  // DYNOFA_DAEMON_ENGINE_CHAIN_CHAIN_H_
