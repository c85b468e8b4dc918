#include "daemon/cost_probe.h"

#include <algorithm>

#include "daemon/base/status.h"

namespace dynofa {
namespace {

constexpr int kWarmUps = 3;
constexpr int kRuns = 7;

absl::StatusOr<double> ProbeMs(engine::Supernet& supernet, const std::string& id,
                               const base::Clock& clock) {
  DYNOFA_ASSIGN_OR_RETURN(const auto subnet, supernet.Prepare(id));
  DYNOFA_ASSIGN_OR_RETURN(const auto workspace, supernet.NewWorkspace(1));
  const auto side = static_cast<std::size_t>(subnet->info().resolution);
  const std::vector<float> image(side * side * 3, 0.1f);
  std::vector<float> logits(static_cast<std::size_t>(supernet.info().classes));
  std::vector<double> times;
  for (int run = 0; run < kWarmUps + kRuns; ++run) {
    const base::TimePoint start = clock.Now();
    DYNOFA_RETURN_IF_ERROR(subnet->Run(image, logits, *workspace));
    if (run >= kWarmUps) times.push_back(base::ToMs(clock.Now() - start));
  }
  std::nth_element(times.begin(), times.begin() + kRuns / 2, times.end());
  return times[kRuns / 2];
}

}  // namespace

absl::StatusOr<std::map<std::string, double>> ProbeCosts(
    const std::vector<std::shared_ptr<engine::Supernet>>& supernets, const base::Clock& clock) {
  std::map<std::string, double> costs;
  for (const auto& supernet : supernets) {
    const engine::SubnetInfo& largest = supernet->info().catalogue.back();
    DYNOFA_ASSIGN_OR_RETURN(const double ms, ProbeMs(*supernet, largest.id, clock));
    costs[supernet->info().name] = ms / (static_cast<double>(largest.macs) * 1e-9);
  }
  return costs;
}

}  // namespace dynofa
