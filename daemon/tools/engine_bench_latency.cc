#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/cpu/supernet.h"
#include "daemon/engine/ofa/synthetic.h"
#include "daemon/engine/torch/folded_net.h"
#include "daemon/tools/engine_bench.h"
#include "daemon/tools/statistics.h"
#include "daemon/tools/timed_run.h"

namespace dynofa::tools {
namespace {

using engine::torch_backend::FoldedNet;
using engine::torch_backend::FoldedPath;

// Tells wrong results from rounding, which the synthetic weights amplify layer by layer (float32
// implementations differ by up to 1e-3 of the largest logit). dynofa-golden is the fine check.
constexpr double kSameResult = 5e-3;
constexpr int kRunsPerRound = 21;

// One way to run one cell.
struct Variant {
  std::function<absl::Status()> run;
  std::vector<float> logits;
  std::vector<double> round_ms;  ///< median of each round
};

double Difference(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0.0;
  double largest = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double one = std::abs(static_cast<double>(a[i]) - b[i]);
    difference = std::isnan(one) ? HUGE_VAL : std::max(difference, one);
    largest = std::max(largest, std::abs(static_cast<double>(b[i])));
  }
  return difference / largest;
}

// One subnet with one number of threads, in the three variants.
class Cell {
 public:
  absl::Status Create(const engine::ofa::OfaModel& model, engine::Supernet& supernet,
                      const std::string& subnet, int threads);
  /// Measures all variants, starting with another one each time.
  absl::Status Round(int round);
  LatencyCell Result() const;

 private:
  enum { kCpu, kPlain, kPrepacked };

  absl::Status AddTorch(const engine::ofa::OfaModel& model, FoldedPath path);
  Variant& AddVariant() {
    variants_.push_back(std::make_unique<Variant>());
    variants_.back()->logits.resize(static_cast<std::size_t>(classes_));
    return *variants_.back();
  }

  std::string subnet_;
  int threads_ = 1;
  int classes_ = 0;
  std::vector<float> image_;
  std::shared_ptr<const engine::PreparedSubnet> prepared_;
  std::unique_ptr<engine::Workspace> workspace_;
  std::vector<std::unique_ptr<FoldedNet>> torch_;
  std::vector<std::unique_ptr<Variant>> variants_;  ///< kPrepacked may be missing
  double difference_ = 0.0;
};

absl::Status Cell::Create(const engine::ofa::OfaModel& model, engine::Supernet& supernet,
                          const std::string& subnet, int threads) {
  subnet_ = subnet;
  threads_ = threads;
  classes_ = model.info().classes;
  DYNOFA_ASSIGN_OR_RETURN(prepared_, supernet.Prepare(subnet));
  DYNOFA_ASSIGN_OR_RETURN(workspace_, supernet.NewWorkspace(threads));
  const auto side = static_cast<std::size_t>(prepared_->info().resolution);
  image_ = engine::ofa::SyntheticValues("image", side * side * 3, 2.0);
  Variant& cpu = AddVariant();
  cpu.run = [this, &cpu] { return prepared_->Run(image_, cpu.logits, *workspace_); };
  DYNOFA_RETURN_IF_ERROR(AddTorch(model, FoldedPath::kPlain));
  const absl::Status prepacked = AddTorch(model, FoldedPath::kPrepacked);
  if (!prepacked.ok() && prepacked.code() != absl::StatusCode::kUnimplemented) return prepacked;

  for (const auto& variant : variants_) DYNOFA_RETURN_IF_ERROR(variant->run());
  difference_ = Difference(variants_[kCpu]->logits, variants_[kPlain]->logits);
  if (!(difference_ <= kSameResult)) {
    return absl::InternalError(
        base::StrCat(subnet, ": the cpu backend differs from libtorch by ", difference_));
  }
  // A path that computes something else is no comparison.
  if (variants_.size() > kPrepacked &&
      !(Difference(variants_[kPrepacked]->logits, variants_[kPlain]->logits) <= kSameResult)) {
    variants_.pop_back();
  }
  return absl::OkStatus();
}

absl::Status Cell::AddTorch(const engine::ofa::OfaModel& model, FoldedPath path) {
  DYNOFA_ASSIGN_OR_RETURN(std::unique_ptr<FoldedNet> net, FoldedNet::Create(model, subnet_, path));
  torch_.push_back(std::move(net));
  Variant& variant = AddVariant();
  variant.run = [this, folded = torch_.back().get(), &variant] {
    return folded->Run(image_, variant.logits, threads_);
  };
  return absl::OkStatus();
}

absl::Status Cell::Round(int round) {
  for (std::size_t i = 0; i < variants_.size(); ++i) {
    Variant& variant = *variants_[(static_cast<std::size_t>(round) + i) % variants_.size()];
    DYNOFA_ASSIGN_OR_RETURN(const std::vector<double> times,
                            UsefulTimes(kRunsPerRound, variant.run));
    variant.round_ms.push_back(Median(times));
  }
  return absl::OkStatus();
}

LatencyCell Cell::Result() const {
  LatencyCell cell;
  cell.subnet = subnet_;
  cell.threads = threads_;
  cell.cpu_ms = Median(variants_[kCpu]->round_ms);
  cell.plain_ms = Median(variants_[kPlain]->round_ms);
  cell.difference = difference_;
  std::vector<double> fastest = variants_[kPlain]->round_ms;
  if (variants_.size() > kPrepacked) {
    const std::vector<double>& prepacked = variants_[kPrepacked]->round_ms;
    cell.prepacked_ms = Median(prepacked);
    // One path for all rounds, not the luckier one of each.
    if (cell.prepacked_ms < cell.plain_ms) fastest = prepacked;
  }
  std::vector<double> ratios;
  for (std::size_t r = 0; r < fastest.size(); ++r) {
    ratios.push_back(variants_[kCpu]->round_ms[r] / fastest[r]);
  }
  cell.ratio = Median(ratios);
  return cell;
}

std::vector<engine::ofa::Subnet> Extremes(const engine::ofa::Architecture& architecture) {
  std::vector<engine::ofa::Subnet> subnets;
  for (int resolution : {224, 128}) {
    subnets.push_back({base::StrCat("max-r", resolution), LargestSubnet(architecture, resolution)});
    subnets.push_back(
        {base::StrCat("min-r", resolution), SmallestSubnet(architecture, resolution)});
  }
  return subnets;
}

}  // namespace

absl::StatusOr<std::vector<LatencyCell>> MeasureLatency(int rounds,
                                                        const std::vector<int>& threads) {
  const auto architecture = engine::ofa::Architecture::MobileNetV3(1.0);
  const std::vector<engine::ofa::Subnet> subnets = Extremes(architecture);
  DYNOFA_ASSIGN_OR_RETURN(const std::shared_ptr<const engine::ofa::OfaModel> model,
                          engine::ofa::SyntheticModel(architecture, subnets));
  DYNOFA_ASSIGN_OR_RETURN(const std::shared_ptr<engine::Supernet> supernet,
                          engine::cpu::MakeSupernet(model));
  std::vector<std::unique_ptr<Cell>> cells;
  for (const engine::ofa::Subnet& subnet : subnets) {
    for (int count : threads) {
      if (static_cast<unsigned>(count) > std::thread::hardware_concurrency()) continue;
      cells.push_back(std::make_unique<Cell>());
      DYNOFA_RETURN_IF_ERROR(cells.back()->Create(*model, *supernet, subnet.id, count));
    }
  }
  for (int round = 0; round < rounds; ++round) {
    for (const auto& cell : cells) DYNOFA_RETURN_IF_ERROR(cell->Round(round));
  }
  std::vector<LatencyCell> results;
  for (const auto& cell : cells) results.push_back(cell->Result());
  return results;
}

}  // namespace dynofa::tools
