#ifndef DYNOFA_DAEMON_ENGINE_TORCH_AUGMENT_H_
#define DYNOFA_DAEMON_ENGINE_TORCH_AUGMENT_H_

#include <ATen/ATen.h>

#include <cstddef>
#include <random>
#include <span>

#include "daemon/engine/catalogue.h"
#include "daemon/engine/torch/trainer.h"

namespace dynofa::engine::torch_backend {

/// A batch for the net: normalised images [n, 3, r, r] and their labels [n].
struct Batch {
  at::Tensor images;
  at::Tensor labels;
};

/// The images of `set` at `indices`, each flipped with probability 1/2 and cropped to its own size
/// at a random place of a frame of `padding` zeros, then resized to `resolution` (antialiased
/// bilinear).
Batch AugmentedBatch(const ImageSet& set, std::span<const std::size_t> indices,
                     const Preprocessing& preprocessing, int padding, int resolution,
                     std::mt19937_64& random);

/// The same without chance: neither flip nor padding.
Batch PlainBatch(const ImageSet& set, std::span<const std::size_t> indices,
                 const Preprocessing& preprocessing, int resolution);

}  // namespace dynofa::engine::torch_backend

#endif  // DYNOFA_DAEMON_ENGINE_TORCH_AUGMENT_H_
