#ifndef DYNOFA_DAEMON_ENGINE_CPU_OPERATION_H_
#define DYNOFA_DAEMON_ENGINE_CPU_OPERATION_H_

#include <cstddef>
#include <cstdint>
#include <oneapi/dnnl/dnnl.hpp>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/engine/ofa/architecture.h"
#include "daemon/engine/ofa/folding.h"

namespace dynofa::engine::cpu {

/// A 1x1 convolution of `pixels` x `in` to `pixels` x `out`, as a matrix product with weights
/// that belong to somebody else and outlive the operation:
///   target = activation(scale * (source x weights) + bias), or target += ... without activation.
struct PointwiseShape {
  std::int64_t pixels = 0;
  std::int64_t in = 0;
  std::int64_t out = 0;
  ofa::Activation activation = ofa::Activation::kNone;
  bool accumulate = false;  ///< adds to what the target holds
};

/// How the weights of a pointwise operation lie in memory, so that the prefix which a subnet uses
/// is always dense: [out][in] where the outputs shrink, [in][out] where the inputs do.
enum class WeightOrder { kOutIn, kInOut };

/// A square convolution with symmetric padding kernel / 2, dense or depthwise (in = out).
struct ConvolutionShape {
  std::int64_t in = 0;
  std::int64_t out = 0;
  std::int64_t size = 0;
  std::int64_t kernel = 3;
  std::int64_t stride = 1;
  bool depthwise = false;
  ofa::Activation activation = ofa::Activation::kNone;
};

/// A oneDNN primitive with its constant arguments. Immutable: threads may run it at once, each
/// through a BoundOperation of its own. Chosen for the number of threads that OpenMP gives to the
/// thread that creates it.
class Operation {
 public:
  /// `affine.scale` may be empty, for weights that are scaled already.
  static absl::StatusOr<Operation> Pointwise(const PointwiseShape& shape, const float* weights,
                                             WeightOrder order, const ofa::Affine& affine);

  /// `weights` is [out][in][kernel][kernel] ([out][kernel][kernel] if depthwise); a copy with the
  /// scale folded in is kept in the layout that oneDNN prefers.
  static absl::StatusOr<Operation> Convolution(const ConvolutionShape& shape,
                                               std::span<const float> weights,
                                               const ofa::Affine& affine);

  std::size_t scratchpad_bytes() const { return scratchpad_.get_size(); }

 private:
  friend class BoundOperation;

  dnnl::primitive primitive_;
  dnnl::memory::desc source_;
  dnnl::memory::desc target_;
  dnnl::memory::desc scratchpad_;
  std::vector<std::pair<int, dnnl::memory>> constants_;
};

/// An operation together with the buffers that it reads and writes. Keeps the primitive, the
/// constants and the handles, but not the buffers, alive. One thread at a time.
class BoundOperation {
 public:
  /// `scratchpad` has operation.scratchpad_bytes() places, or more.
  static absl::StatusOr<BoundOperation> Create(const Operation& operation, float* source,
                                               float* target, void* scratchpad);

  /// Reads from `source` from the next run on.
  absl::Status SetSource(const float* source);

  absl::Status Run(const dnnl::stream& stream);

 private:
  dnnl::primitive primitive_;
  std::vector<dnnl::memory> memories_;  ///< the source is first
  std::vector<dnnl_exec_arg_t> arguments_;
};

}  // namespace dynofa::engine::cpu

#endif  // DYNOFA_DAEMON_ENGINE_CPU_OPERATION_H_
