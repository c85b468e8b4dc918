#include "daemon/manager/profile_plan.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <tuple>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"

namespace dynofa::manager {
namespace {

/// Cells that take turns: enough of them to spread a disturbance, few enough that a batch is over,
/// and saved, soon.
constexpr std::size_t kMaxCells = 16;

bool Wanted(const std::vector<std::string>& names, const std::string& name) {
  return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

/// INVALID_ARGUMENT unless every name that was asked for is there.
absl::Status CheckNames(const char* what, const std::vector<std::string>& wanted,
                        const std::set<std::string>& there) {
  for (const std::string& name : wanted) {
    if (there.contains(name)) continue;
    std::string known;
    for (const std::string& one : there) known += (known.empty() ? "" : ", ") + one;
    return absl::InvalidArgumentError(
        base::StrCat("there is no ", what, " '", name.substr(0, 64), "'; there are: ", known));
  }
  return absl::OkStatus();
}

absl::Status CheckRequest(const ProfileRequest& request, const ProfileInputs& inputs) {
  std::set<std::string> models, subnets, clusters;
  for (const engine::ModelInfo& model : inputs.models) {
    models.insert(model.name);
    for (const engine::SubnetInfo& subnet : model.catalogue) subnets.insert(subnet.id);
  }
  for (const policies::ClusterState& cluster : inputs.clusters) clusters.insert(cluster.info.id);
  DYNOFA_RETURN_IF_ERROR(CheckNames("model", request.models, models));
  DYNOFA_RETURN_IF_ERROR(CheckNames("cluster", request.clusters, clusters));
  return CheckNames("subnet", request.subnets, subnets);
}

/// The step at which a clock that cannot be set is taken to stand, as the policies do; 0 without a
/// table.
std::int64_t PresentStep(const policies::ClusterState& state) {
  const auto& steps = state.info.frequencies_khz;
  if (steps.empty()) return 0;
  if (state.frequency_khz <= 0) return steps.back();
  return *std::min_element(steps.begin(), steps.end(), [&](std::int64_t a, std::int64_t b) {
    return std::abs(a - state.frequency_khz) < std::abs(b - state.frequency_khz);
  });
}

/// Makes the plan for one cluster after another.
class Planner {
 public:
  Planner(const ProfileRequest& request, const ProfileInputs& inputs)
      : request_(request), inputs_(inputs) {
    for (const policies::OperatingPoint& point : inputs.points) {
      if (point.threads != 1) continue;
      expected_[{point.model, point.subnet, point.cluster, point.frequency_khz}] = point.latency_ms;
    }
  }

  void Add(const policies::ClusterState& state) {
    const policies::ClusterInfo& info = state.info;
    const std::vector<int> threads = inputs_.thread_counts(info.id);
    if (threads.empty()) return Gap(info.id, "nothing can run on it");
    if (!state.available) return Gap(info.id, "it cannot be used now");
    const bool sets_clock = info.writable && !info.frequencies_khz.empty();
    if (!sets_clock) {
      Gap(info.id, base::StrCat("no frequency can be set: ", info.read_only_reason.empty()
                                                                 ? "its clock has no steps"
                                                                 : info.read_only_reason));
      return AddBatches(info.id, PresentStep(state), false, threads);
    }
    for (const std::int64_t khz : MeasuringOrder(info.frequencies_khz)) {
      AddBatches(info.id, khz, true, threads);
    }
  }

  ProfilePlan Take() { return std::move(plan_); }

 private:
  void Gap(const std::string& cluster, std::string reason) {
    plan_.gaps.push_back({cluster, 0, std::move(reason)});
  }

  bool Known(const engine::ModelInfo& model, const engine::ProfilePoint& point) const {
    if (request_.again) return false;
    const auto profile = inputs_.profiles.find(model.name);
    return profile != inputs_.profiles.end() && profile->second->entries.contains(point);
  }

  double ExpectedMs(const engine::ModelInfo& model, const engine::ProfilePoint& point) const {
    const auto found =
        expected_.find({model.name, point.subnet, point.cluster, point.frequency_khz});
    return found == expected_.end() ? 1.0 : std::max(found->second, 1e-3);
  }

  void AddBatches(const std::string& cluster, std::int64_t khz, bool sets_clock,
                  const std::vector<int>& thread_counts) {
    std::vector<ProfileCell> cells;
    for (const engine::ModelInfo& model : inputs_.models) {
      if (!Wanted(request_.models, model.name)) continue;
      for (const engine::SubnetInfo& subnet : model.catalogue) {
        if (!Wanted(request_.subnets, subnet.id)) continue;
        for (const int threads : thread_counts) {
          const engine::ProfilePoint point{subnet.id, cluster, threads, khz};
          ++plan_.total;
          if (Known(model, point)) {
            ++plan_.known;
          } else {
            cells.push_back({model.name, subnet.id, threads, ExpectedMs(model, point)});
          }
        }
      }
    }
    for (std::size_t first = 0; first < cells.size(); first += kMaxCells) {
      const std::size_t last = std::min(first + kMaxCells, cells.size());
      plan_.batches.push_back(
          {cluster, khz, sets_clock,
           std::vector<ProfileCell>(cells.begin() + static_cast<std::ptrdiff_t>(first),
                                    cells.begin() + static_cast<std::ptrdiff_t>(last))});
    }
  }

  const ProfileRequest& request_;
  const ProfileInputs& inputs_;
  std::map<std::tuple<std::string, std::string, std::string, std::int64_t>, double> expected_;
  ProfilePlan plan_;
};

}  // namespace

std::vector<std::int64_t> MeasuringOrder(const std::vector<std::int64_t>& frequencies_khz) {
  if (frequencies_khz.size() < 3) return {frequencies_khz.rbegin(), frequencies_khz.rend()};
  std::vector<std::int64_t> order = {frequencies_khz.back(), frequencies_khz.front()};
  std::set<std::size_t> taken = {0, frequencies_khz.size() - 1};
  while (order.size() < frequencies_khz.size()) {
    std::size_t widest = 0, middle = 0;
    for (auto left = taken.begin(), right = std::next(left); right != taken.end();
         ++left, ++right) {
      if (*right - *left <= widest) continue;
      widest = *right - *left;
      middle = *left + widest / 2;
    }
    taken.insert(middle);
    order.push_back(frequencies_khz[middle]);
  }
  return order;
}

absl::StatusOr<ProfilePlan> MakeProfilePlan(const ProfileRequest& request,
                                            const ProfileInputs& inputs) {
  DYNOFA_RETURN_IF_ERROR(CheckRequest(request, inputs));
  Planner planner(request, inputs);
  for (const policies::ClusterState& cluster : inputs.clusters) {
    if (Wanted(request.clusters, cluster.info.id)) planner.Add(cluster);
  }
  return planner.Take();
}

}  // namespace dynofa::manager
