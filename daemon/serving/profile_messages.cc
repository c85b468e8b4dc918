#include "daemon/serving/profile_messages.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"

namespace dynofa::serving {
namespace {

constexpr int kMaxNames = 4096;
constexpr std::size_t kMaxName = 256;

template <typename Field>
absl::StatusOr<std::vector<std::string>> ParseNames(const char* what, const Field& field) {
  if (field.size() > kMaxNames) {
    return absl::InvalidArgumentError(
        base::StrCat(what, " has ", field.size(), " names; allowed: ", kMaxNames));
  }
  std::vector<std::string> names;
  for (const std::string& name : field) {
    if (name.empty() || name.size() > kMaxName) {
      return absl::InvalidArgumentError(base::StrCat("a name in ", what, " has ", name.size(),
                                                     " bytes; allowed: 1 to ", kMaxName));
    }
    names.push_back(name);
  }
  return names;
}

void FillEntry(const engine::ProfilePoint& point, const engine::ProfileEntry& entry,
               v1::ProfileEntry* message) {
  message->set_subnet(point.subnet);
  message->set_cluster(point.cluster);
  message->set_threads(point.threads);
  message->set_frequency_khz(point.frequency_khz);
  message->set_median_ms(entry.latency_ms.median);
  message->set_p10_ms(entry.latency_ms.p10);
  message->set_p90_ms(entry.latency_ms.p90);
  message->set_runs(entry.latency_ms.count);
  message->set_latency_label(std::string(policies::EvidenceName(entry.latency_evidence)));
  if (!entry.active_power_w) return;
  message->set_active_power_w(*entry.active_power_w);
  message->set_power_label(std::string(policies::EvidenceName(entry.power_evidence)));
}

}  // namespace

absl::StatusOr<manager::ProfileRequest> ParseProfileRequest(
    const v1::StartProfileRequest& request) {
  manager::ProfileRequest parsed;
  DYNOFA_ASSIGN_OR_RETURN(parsed.models, ParseNames("models", request.models()));
  DYNOFA_ASSIGN_OR_RETURN(parsed.clusters, ParseNames("clusters", request.clusters()));
  DYNOFA_ASSIGN_OR_RETURN(parsed.subnets, ParseNames("subnets", request.subnets()));
  parsed.force = request.force();
  parsed.again = request.again();
  return parsed;
}

void FillProfileProgress(const manager::ProfileProgress& progress, v1::ProfileProgress* message) {
  message->set_state(std::string(manager::ProfileStateName(progress.state)));
  message->set_total(progress.total);
  message->set_known(progress.known);
  message->set_measured(progress.measured);
  message->set_skipped(progress.skipped);
  message->set_cluster(progress.cluster);
  message->set_frequency_khz(progress.frequency_khz);
  message->set_elapsed_s(progress.elapsed_s);
  if (progress.left_s) message->set_left_s(*progress.left_s);
  message->set_message(progress.message);
  for (const engine::ProfileGap& gap : progress.gaps) {
    v1::ProfileGap* const filled = message->add_gaps();
    filled->set_cluster(gap.cluster);
    filled->set_frequency_khz(gap.frequency_khz);
    filled->set_reason(gap.reason);
  }
}

void FillProfiles(const manager::StatusView& view, v1::GetProfileResponse* response) {
  for (const manager::ModelView& model : view.models) {
    if (model.profile == nullptr) continue;
    v1::ModelProfile* const message = response->add_models();
    message->set_model(model.name);
    for (const auto& [point, entry] : model.profile->entries) {
      FillEntry(point, entry, message->add_entries());
    }
  }
}

}  // namespace dynofa::serving
