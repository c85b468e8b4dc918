#ifndef DYNOFA_DAEMON_ENGINE_TORCH_BATCH_NORM_H_
#define DYNOFA_DAEMON_ENGINE_TORCH_BATCH_NORM_H_

#include <ATen/ATen.h>

#include <map>
#include <string>
#include <string_view>

#include "daemon/engine/ofa/weights.h"

namespace dynofa::engine::torch_backend {

/// How the batch-norm layers of a forward pass find their mean and variance.
class BatchNorm {
 public:
  virtual ~BatchNorm() = default;

  /// Normalises `x` [n, c, h, w] in the layer `prefix`; `weight` and `bias` have c entries.
  virtual at::Tensor Apply(std::string_view prefix, const at::Tensor& x, const at::Tensor& weight,
                           const at::Tensor& bias) = 0;
};

/// Training: the statistics of the batch itself.
class BatchStatistics final : public BatchNorm {
 public:
  explicit BatchStatistics(double epsilon) : epsilon_(epsilon) {}
  at::Tensor Apply(std::string_view prefix, const at::Tensor& x, const at::Tensor& weight,
                   const at::Tensor& bias) override;

 private:
  double epsilon_;
};

/// Inference: statistics fixed beforehand, first entries for the active channels.
class FixedStatistics final : public BatchNorm {
 public:
  struct Layer {
    at::Tensor mean;
    at::Tensor variance;
  };
  FixedStatistics(std::map<std::string, Layer, std::less<>> layers, double epsilon)
      : layers_(std::move(layers)), epsilon_(epsilon) {}
  at::Tensor Apply(std::string_view prefix, const at::Tensor& x, const at::Tensor& weight,
                   const at::Tensor& bias) override;

 private:
  std::map<std::string, Layer, std::less<>> layers_;
  double epsilon_;
};

/// Calibration: normalises with the batch's own mean and biased variance and averages both over
/// the batches, weighted by batch size (set_running_statistics of the reference).
class AveragedStatistics final : public BatchNorm {
 public:
  explicit AveragedStatistics(double epsilon) : epsilon_(epsilon) {}
  at::Tensor Apply(std::string_view prefix, const at::Tensor& x, const at::Tensor& weight,
                   const at::Tensor& bias) override;

  /// What has been seen so far.
  ofa::SubnetStatistics Result() const;

 private:
  struct Sum {
    at::Tensor mean;
    at::Tensor variance;
    std::int64_t images = 0;
  };
  std::map<std::string, Sum, std::less<>> sums_;
  double epsilon_;
};

}  // namespace dynofa::engine::torch_backend

#endif  // DYNOFA_DAEMON_ENGINE_TORCH_BATCH_NORM_H_
