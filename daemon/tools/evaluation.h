#ifndef DYNOFA_DAEMON_TOOLS_EVALUATION_H_
#define DYNOFA_DAEMON_TOOLS_EVALUATION_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/engine/ofa/weights.h"
#include "daemon/engine/supernet.h"
#include "daemon/engine/tensor.h"
#include "daemon/tools/class_folders.h"
#include "daemon/tools/latency.h"

namespace dynofa::tools {

/// What is known of one subnet.
struct EvaluatedSubnet {
  engine::SubnetInfo info;
  engine::ofa::SubnetConfig config;
  std::size_t correct = 0;
  std::size_t images = 0;  ///< 0: not measured, the accuracy is the catalogue's
  std::optional<Latency> latency;

  double top1() const {
    if (images == 0) return info.accuracy;
    return static_cast<double>(correct) / static_cast<double>(images);
  }
  policies::Evidence top1_evidence() const {
    return images == 0 ? info.accuracy_evidence : policies::Evidence::kMeasured;
  }
};

/// Runs subnets of a model directory exactly as requests do: the same resize, the same backend.
class Evaluation {
 public:
  /// `level` is a subnet's id or "all"; `backend` is empty for the fastest there is. NOT_FOUND for
  /// an unknown level, and what loading the model may say.
  static absl::StatusOr<Evaluation> Create(const std::string& directory, const std::string& level,
                                           const std::string& backend);

  /// Classifies the images with every subnet, on `threads` threads. Images that cannot be read are
  /// skipped as SkippedImages says. INVALID_ARGUMENT if the class folders do not carry names of the
  /// model's labels.
  absl::Status MeasureTop1(const ClassFolders& folders, int threads);

  /// Measures latencies of the subnets, and of the smallest subnet that the supernet has at the
  /// lowest resolution of the catalogue: its floor.
  absl::Status MeasureLatency(const LatencyOptions& options);

  const engine::Supernet& supernet() const { return *supernet_; }
  /// Cheapest (by multiply-adds) first.
  const std::vector<EvaluatedSubnet>& subnets() const { return subnets_; }
  /// Set by MeasureLatency().
  const std::optional<EvaluatedSubnet>& floor() const { return floor_; }
  std::size_t unreadable() const { return unreadable_; }

 private:
  Evaluation() = default;

  absl::Status Add(const engine::Tensor& image, std::size_t label,
                   const std::vector<std::shared_ptr<const engine::PreparedSubnet>>& prepared,
                   engine::Workspace& workspace);

  std::shared_ptr<const engine::ofa::OfaModel> model_;
  std::shared_ptr<engine::Supernet> supernet_;
  std::vector<EvaluatedSubnet> subnets_;
  std::optional<EvaluatedSubnet> floor_;
  std::size_t unreadable_ = 0;
};

}  // namespace dynofa::tools

#endif  // DYNOFA_DAEMON_TOOLS_EVALUATION_H_
