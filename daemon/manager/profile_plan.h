#ifndef DYNOFA_DAEMON_MANAGER_PROFILE_PLAN_H_
#define DYNOFA_DAEMON_MANAGER_PROFILE_PLAN_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/engine/catalogue.h"
#include "daemon/engine/profile.h"
#include "daemon/manager/profile_api.h"
#include "policies/cluster.h"
#include "policies/operating_point.h"

namespace dynofa::manager {

/// One subnet of one model with one number of threads.
struct ProfileCell {
  std::string model;
  std::string subnet;
  int threads = 1;
  /// Expected time of a run, ms, > 0.
  double expected_ms = 1.0;
};

/// Cells that are measured in turns, at one clock of one cluster.
struct ProfileBatch {
  std::string cluster;
  std::int64_t frequency_khz = 0;
  /// False where the clock cannot be set: then the cells run at the clock there is.
  bool sets_clock = false;
  std::vector<ProfileCell> cells;
};

struct ProfilePlan {
  std::vector<ProfileBatch> batches;
  /// What is known from the start not to be measurable.
  std::vector<engine::ProfileGap> gaps;
  /// Points that the request covers, and those of them that the profiles have already.
  std::int64_t total = 0;
  std::int64_t known = 0;
};

/// What the plan is made from. Plain references, used during the call.
struct ProfileInputs {
  const std::vector<engine::ModelInfo>& models;
  const std::vector<policies::ClusterState>& clusters;
  /// As MeasureApi::ThreadCounts.
  std::function<std::vector<int>(const std::string& cluster)> thread_counts;
  /// For the expected times.
  const std::vector<policies::OperatingPoint>& points;
  /// By the name of their model.
  const std::map<std::string, std::shared_ptr<const engine::Profile>>& profiles;
};

/// Cluster by cluster; on each the highest frequency first, then the lowest, then always the middle
/// of the widest gap, so that what is interpolated is as good as it can be whenever the job ends.
/// Pure. INVALID_ARGUMENT if the request names what there is not.
absl::StatusOr<ProfilePlan> MakeProfilePlan(const ProfileRequest& request,
                                            const ProfileInputs& inputs);

/// The order in which frequencies (ascending) are measured.
std::vector<std::int64_t> MeasuringOrder(const std::vector<std::int64_t>& frequencies_khz);

}  // namespace dynofa::manager

#endif  // DYNOFA_DAEMON_MANAGER_PROFILE_PLAN_H_
