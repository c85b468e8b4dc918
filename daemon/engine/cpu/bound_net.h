#ifndef DYNOFA_DAEMON_ENGINE_CPU_BOUND_NET_H_
#define DYNOFA_DAEMON_ENGINE_CPU_BOUND_NET_H_

#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/engine/cpu/aligned_buffer.h"
#include "daemon/engine/cpu/compiled_net.h"
#include "daemon/engine/cpu/operation.h"
#include "daemon/engine/supernet.h"

namespace dynofa::engine::cpu {

/// The activations of one run. Three maps are enough: a block reads `narrow`, widens it into
/// `expanded`, filters that into `filtered`, and by then nobody needs `narrow` but its own
/// shortcut, so that it is written in place.
struct Activations {
  explicit Activations(const BufferSizes& sizes);

  AlignedBuffer narrow;
  AlignedBuffer expanded;
  AlignedBuffer filtered;
  AlignedBuffer means;
  AlignedBuffer hidden;
  AlignedBuffer gates;
  AlignedBuffer scratchpad;
};

/// A compiled net together with the activations that it uses. One thread at a time; `activations`
/// outlives it.
class BoundNet {
 public:
  static absl::StatusOr<BoundNet> Create(std::shared_ptr<const CompiledNet> net,
                                         const Activations& activations);

  /// Runs one image (resolution squared by 3, NHWC) into `logits` (one per class) with `threads`
  /// threads, the number that the net was compiled for. Allocates nothing of its own. Its parts are
  /// the stem, each block, and the tail; ABORTED if `part_done` stopped it.
  absl::Status Run(const float* image, float* logits, const dnnl::stream& stream, int threads,
                   PartDone part_done);

 private:
  struct Block {
    std::optional<BoundOperation> expand;
    BoundOperation depthwise;
    BoundOperation project;
  };

  absl::Status BindBlock(const CompiledBlock& block);
  absl::Status RunBlock(const CompiledBlock& compiled, Block& block, const dnnl::stream& stream,
                        int threads);
  void ApplyGate(const CompiledBlock& block, int threads);
  void RunTail(float* logits, int threads);

  std::shared_ptr<const CompiledNet> net_;
  const Activations* activations_ = nullptr;
  BoundOperation stem_;
  std::vector<Block> blocks_;
  BoundOperation final_expand_;
};

}  // namespace dynofa::engine::cpu

#endif  // DYNOFA_DAEMON_ENGINE_CPU_BOUND_NET_H_
