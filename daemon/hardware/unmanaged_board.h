#ifndef DYNOFA_DAEMON_HARDWARE_UNMANAGED_BOARD_H_
#define DYNOFA_DAEMON_HARDWARE_UNMANAGED_BOARD_H_

#include <memory>
#include <string>
#include <vector>

#include "daemon/hardware/board.h"

namespace dynofa::hardware {

/// The CPUs that this process may run on, as one cluster "cpu0" without knobs: what is served on
/// when no dynofa-boardd can be reached. `why` goes into the notes and the cluster's reason.
std::unique_ptr<Board> MakeUnmanagedBoard(const std::string& why);

/// The CPUs that the calling process may run on.
std::vector<int> AllowedCpus();

}  // namespace dynofa::hardware

#endif  // DYNOFA_DAEMON_HARDWARE_UNMANAGED_BOARD_H_
