#include "daemon/engine/cpu/part_timer.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/cpu/bound_net.h"
#include "daemon/engine/cpu/compiled_net.h"
#include "daemon/engine/cpu/onednn.h"
#include "daemon/engine/ofa/synthetic.h"

namespace dynofa::engine::cpu {
namespace {

constexpr int kWarmUps = 3;

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

class CpuPartTimer final : public PartTimer {
 public:
  CpuPartTimer(std::shared_ptr<const SharedWeights> weights, int threads, const base::Clock& clock)
      : weights_(std::move(weights)), threads_(threads), clock_(clock), stream_(Engine()) {}

  absl::StatusOr<std::vector<double>> Time(std::string_view subnet, int runs) override {
    const ofa::SubnetConfig* config = weights_->model().Config(subnet);
    if (config == nullptr) return absl::NotFoundError(base::StrCat("there is no subnet ", subnet));
    if (runs < 1) return absl::InvalidArgumentError("timing needs at least one run");
    DYNOFA_ASSIGN_OR_RETURN(ofa::NetPlan plan,
                            ofa::MakePlan(weights_->model().architecture(), *config));
    DYNOFA_ASSIGN_OR_RETURN(CompiledNet compiled, Compile(weights_, subnet, plan, threads_));
    const auto net = std::make_shared<const CompiledNet>(std::move(compiled));
    const Activations activations(net->buffers);
    DYNOFA_ASSIGN_OR_RETURN(BoundNet bound, BoundNet::Create(net, activations));
    return TimeRuns(plan, bound, runs);
  }

 private:
  absl::StatusOr<std::vector<double>> TimeRuns(const ofa::NetPlan& plan, BoundNet& bound,
                                               int runs) {
    const auto side = static_cast<std::size_t>(plan.resolution);
    const std::vector<float> image = ofa::SyntheticValues("image", side * side * 3, 2.0);
    std::vector<float> logits(static_cast<std::size_t>(plan.classes));
    std::vector<std::vector<double>> times(plan.blocks.size() + 2);
    const ScopedThreads scope(threads_);
    for (int run = -kWarmUps; run < runs; ++run) {
      base::TimePoint start = clock_.Now();
      const auto part_done = [&](int done, int /*parts*/) {
        const base::TimePoint end = clock_.Now();
        if (run >= 0) times[static_cast<std::size_t>(done) - 1].push_back(base::ToMs(end - start));
        start = end;
        return true;
      };
      DYNOFA_RETURN_IF_ERROR(bound.Run(image.data(), logits.data(), stream_, threads_, part_done));
      const int parts = static_cast<int>(times.size());
      part_done(parts, parts);
    }
    std::vector<double> medians;
    for (std::vector<double>& part : times) medians.push_back(Median(std::move(part)));
    return medians;
  }

  const std::shared_ptr<const SharedWeights> weights_;
  const int threads_;
  const base::Clock& clock_;
  dnnl::stream stream_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<PartTimer>> PartTimer::Create(
    std::shared_ptr<const ofa::OfaModel> model, int threads, const base::Clock& clock) {
  if (threads < 1) return absl::InvalidArgumentError("runs need at least one thread");
  DYNOFA_ASSIGN_OR_RETURN(std::shared_ptr<const SharedWeights> weights,
                          SharedWeights::Create(std::move(model)));
  return std::make_unique<CpuPartTimer>(std::move(weights), threads, clock);
}

}  // namespace dynofa::engine::cpu
