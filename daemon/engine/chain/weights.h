#ifndef DYNOFA_DAEMON_ENGINE_CHAIN_WEIGHTS_H_
#define DYNOFA_DAEMON_ENGINE_CHAIN_WEIGHTS_H_

#include <vector>

#include "daemon/engine/chain/chain.h"
#include "daemon/engine/ofa/folding.h"

namespace dynofa::engine::chain {

/// The values of one layer; all empty for a pool or an addition.
struct LayerWeights {
  /// [out][in][kernel][kernel]; [out][kernel][kernel] of a depthwise, [out][in] of a linear layer.
  std::vector<float> weight;
  /// Batch norm after a convolution; only the bias of a linear layer.
  ofa::Affine affine;
};

/// One entry per layer of a chain.
using Weights = std::vector<LayerWeights>;

/// Weights from a hash (ofa/synthetic.h), scaled so that no layer fades or overflows.
Weights SyntheticWeights(const Chain& chain);

}  // namespace dynofa::engine::chain

#endif  // DYNOFA_DAEMON_ENGINE_CHAIN_WEIGHTS_H_
