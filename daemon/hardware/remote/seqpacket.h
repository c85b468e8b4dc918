#ifndef DYNOFA_DAEMON_HARDWARE_REMOTE_SEQPACKET_H_
#define DYNOFA_DAEMON_HARDWARE_REMOTE_SEQPACKET_H_

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/base/clock.h"
#include "daemon/base/unique_fd.h"

namespace dynofa::hardware::remote {

/// Unix seqpacket sockets: connected, and each message arrives whole or not at all.

/// The longest message, bytes. A board description of 128 clusters with 40 frequencies each fits.
inline constexpr std::size_t kMaxMessage = 128 * 1024;

/// A listening socket at `path`, which is created with `mode` and close-on-exec. A socket file
/// that nobody listens on is replaced; ALREADY_EXISTS if somebody does.
absl::StatusOr<base::UniqueFd> Listen(const std::string& path, mode_t mode);

/// The next connection of a listening socket, close-on-exec; waits for one.
absl::StatusOr<base::UniqueFd> Accept(int listener);

absl::StatusOr<base::UniqueFd> Connect(const std::string& path);

/// Who is at the other end, by the kernel's word.
struct Peer {
  pid_t pid = 0;
  uid_t uid = 0;
};
absl::StatusOr<Peer> PeerOf(int fd);

/// Sends one message without ever waiting: UNAVAILABLE if the other end's queue is full,
/// CANCELLED if the other end is gone. Thread-safe.
absl::Status Send(int fd, std::string_view message);

/// Waits for the next message. CANCELLED when the other end has closed (an empty message is the
/// same), INVALID_ARGUMENT for an over-long one, which has been consumed, DEADLINE_EXCEEDED after
/// `patience`, unless that is zero, which means for ever. Passed file descriptors are dropped.
absl::StatusOr<std::string> Receive(int fd, base::Duration patience = base::Duration::zero());

}  // namespace dynofa::hardware::remote

#endif  // DYNOFA_DAEMON_HARDWARE_REMOTE_SEQPACKET_H_
