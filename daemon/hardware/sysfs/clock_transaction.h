#ifndef DYNOFA_DAEMON_HARDWARE_SYSFS_CLOCK_TRANSACTION_H_
#define DYNOFA_DAEMON_HARDWARE_SYSFS_CLOCK_TRANSACTION_H_

#include <vector>

#include "daemon/hardware/board.h"
#include "daemon/hardware/journal/journal.h"
#include "daemon/hardware/sysfs/clock_cluster.h"

namespace dynofa::hardware::sysfs {

/// Sets several clocks alike, as one transaction: the journal is stored once before the first write
/// and once after the last one, and if one of them fails, all go back to what they were. The
/// outcomes are the clocks', in their order; after a failure each has its status. `clocks` is not
/// empty and has the journal in common.
std::vector<SettingOutcome> ApplyTogether(const std::vector<ClockCluster*>& clocks,
                                          journal::Journal& journal,
                                          const policies::ClusterSetting& setting);

}  // namespace dynofa::hardware::sysfs

#endif  // DYNOFA_DAEMON_HARDWARE_SYSFS_CLOCK_TRANSACTION_H_
