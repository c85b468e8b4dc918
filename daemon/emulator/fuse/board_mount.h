#ifndef DYNOFA_DAEMON_EMULATOR_FUSE_BOARD_MOUNT_H_
#define DYNOFA_DAEMON_EMULATOR_FUSE_BOARD_MOUNT_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "daemon/emulator/sysfs_tree.h"

namespace dynofa::emulator::fuse {

/// Mounts the tree of an emulated board on an empty folder and serves it until SIGINT, SIGTERM or
/// an unmount; calls `mounted` when it is there. Several requests are served at a time, so that a
/// write that blocks holds up nobody else. Nothing is cached: each access sees the board.
///
/// A server that is killed leaves its mount behind, whose files then fail with ENOTCONN, until
/// `fusermount3 -u`. Needs /dev/fuse; call before other threads are started, since signals are
/// handled. NOT_FOUND, PERMISSION_DENIED or UNAVAILABLE with what to do if it cannot be mounted.
absl::Status ServeBoard(SysfsTree& tree, const std::string& folder,
                        const std::function<void()>& mounted);

}  // namespace dynofa::emulator::fuse

#endif  // DYNOFA_DAEMON_EMULATOR_FUSE_BOARD_MOUNT_H_
