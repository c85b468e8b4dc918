#include "daemon/hardware/sysfs/clock_transaction.h"

#include "daemon/base/status.h"

namespace dynofa::hardware::sysfs {
namespace {

absl::Status Transact(const std::vector<ClockCluster*>& clocks, journal::Journal& journal,
                      const policies::ClusterSetting& setting,
                      std::vector<SettingOutcome>& outcomes) {
  for (ClockCluster* clock : clocks) {
    outcomes.push_back(clock->Prepare(setting));
    DYNOFA_RETURN_IF_ERROR(outcomes.back().status);
  }
  DYNOFA_RETURN_IF_ERROR(journal.StoreStaged());
  for (ClockCluster* clock : clocks) DYNOFA_RETURN_IF_ERROR(clock->Commit());
  return journal.StoreStaged();
}

}  // namespace

std::vector<SettingOutcome> ApplyTogether(const std::vector<ClockCluster*>& clocks,
                                          journal::Journal& journal,
                                          const policies::ClusterSetting& setting) {
  std::vector<SettingOutcome> outcomes;
  const absl::Status status = Transact(clocks, journal, setting, outcomes);
  if (!status.ok()) {
    for (std::size_t i = outcomes.size(); i-- > 0;) clocks[i]->Undo();
  }
  outcomes.resize(clocks.size(), {.cluster = setting.cluster, .requested = setting});
  for (std::size_t i = 0; i < clocks.size(); ++i) {
    outcomes[i].status = status;
    clocks[i]->Describe(outcomes[i]);
  }
  return outcomes;
}

}  // namespace dynofa::hardware::sysfs
