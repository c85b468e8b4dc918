#ifndef DYNOFA_DAEMON_ENGINE_CPU_COMPILED_NET_H_
#define DYNOFA_DAEMON_ENGINE_CPU_COMPILED_NET_H_

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/engine/cpu/aligned_buffer.h"
#include "daemon/engine/cpu/operation.h"
#include "daemon/engine/ofa/architecture.h"
#include "daemon/engine/ofa/weights.h"

namespace dynofa::engine::cpu {

/// What all subnets of a model read: the model's own tensors, and the project weights turned to
/// [in][out], because their inputs shrink and a prefix of rows is dense. Immutable.
class SharedWeights {
 public:
  static absl::StatusOr<std::shared_ptr<const SharedWeights>> Create(
      std::shared_ptr<const ofa::OfaModel> model);

  const ofa::OfaModel& model() const { return *model_; }
  /// [max_mid][out] of block `supernet_index`.
  const float* Project(int supernet_index) const { return project_.at(supernet_index).floats(); }

 private:
  std::shared_ptr<const ofa::OfaModel> model_;
  std::map<int, AlignedBuffer> project_;
};

/// A squeeze-and-excite gate on prefixes of the model's tensors.
struct SqueezeExcite {
  const float* reduce_weight = nullptr;  ///< [se_mid, mid] of rows of max_mid
  const float* reduce_bias = nullptr;
  const float* expand_weight = nullptr;  ///< [mid, se_mid] of rows of max_se_mid
  const float* expand_bias = nullptr;
};

struct CompiledBlock {
  ofa::BlockPlan plan;
  std::optional<Operation> expand;
  Operation depthwise;
  std::optional<SqueezeExcite> gate;
  Operation project;
};

/// Places that a run needs, in floats (the scratchpad in bytes).
struct BufferSizes {
  std::size_t narrow = 0;    ///< between blocks
  std::size_t expanded = 0;  ///< after an expansion
  std::size_t filtered = 0;  ///< after a depthwise convolution
  std::size_t vector = 0;    ///< the widest layer
  std::size_t scratchpad = 0;

  /// The least that fits both.
  static BufferSizes Union(const BufferSizes& a, const BufferSizes& b);
};

/// A subnet as oneDNN primitives for one number of threads. Immutable; keeps the shared weights
/// alive.
struct CompiledNet {
  std::shared_ptr<const SharedWeights> weights;
  ofa::NetPlan plan;
  Operation stem;
  std::vector<CompiledBlock> blocks;
  Operation final_expand;
  const float* feature_mix = nullptr;        ///< [last, final_expand]
  const float* classifier_weight = nullptr;  ///< [classes, last]
  const float* classifier_bias = nullptr;
  BufferSizes buffers;
};

/// Makes the primitives of `subnet` (its id; `plan` is its configuration resolved) for runs with
/// `threads` threads. Takes milliseconds to tens of milliseconds.
absl::StatusOr<CompiledNet> Compile(std::shared_ptr<const SharedWeights> weights,
                                    std::string_view subnet, const ofa::NetPlan& plan, int threads);

}  // namespace dynofa::engine::cpu

#endif  // DYNOFA_DAEMON_ENGINE_CPU_COMPILED_NET_H_
