#include "daemon/hardware/remote/seqpacket.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"

namespace dynofa::hardware::remote {
namespace {

absl::StatusOr<sockaddr_un> AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(base::StrCat("the socket path \"", path, "\" must have 1 to ",
                                                   sizeof(address.sun_path) - 1, " bytes"));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

absl::StatusOr<base::UniqueFd> NewSocket() {
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return base::ErrnoStatus(errno, "socket");
  return fd;
}

absl::Status RemoveStale(const std::string& path) {
  if (const auto probe = Connect(path); probe.ok()) {
    return absl::AlreadyExistsError(
        base::StrCat(path, ": another process listens there; stop it or choose another path"));
  }
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0 && !S_ISSOCK(info.st_mode)) {
    return absl::AlreadyExistsError(base::StrCat(path, " exists and is not a socket"));
  }
  ::unlink(path.c_str());
  return absl::OkStatus();
}

absl::Status AwaitReadable(int fd, base::Duration patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::max<long>(left.count(), 0)));
    if (ready > 0) return absl::OkStatus();
    if (ready == 0) return absl::DeadlineExceededError("no message arrived in time");
    if (errno != EINTR) return base::ErrnoStatus(errno, "poll");
  }
}

}  // namespace

absl::StatusOr<base::UniqueFd> Listen(const std::string& path, mode_t mode) {
  DYNOFA_ASSIGN_OR_RETURN(const sockaddr_un address, AddressOf(path));
  DYNOFA_ASSIGN_OR_RETURN(base::UniqueFd fd, NewSocket());
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  // Set before bind, so that the file is never open to more than was asked for, and again after
  // it, since bind applies the umask.
  ::fchmod(fd.get(), mode);
  if (::bind(fd.get(), name, sizeof(address)) != 0) {
    if (errno != EADDRINUSE) return base::ErrnoStatus(errno, path);
    DYNOFA_RETURN_IF_ERROR(RemoveStale(path));
    if (::bind(fd.get(), name, sizeof(address)) != 0) return base::ErrnoStatus(errno, path);
  }
  if (::chmod(path.c_str(), mode) != 0) return base::ErrnoStatus(errno, path);
  if (::listen(fd.get(), 8) != 0) return base::ErrnoStatus(errno, path);
  return fd;
}

absl::StatusOr<base::UniqueFd> Accept(int listener) {
  for (;;) {
    base::UniqueFd fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    if (fd.valid()) return fd;
    if (errno != EINTR && errno != ECONNABORTED) return base::ErrnoStatus(errno, "accept");
  }
}

absl::StatusOr<base::UniqueFd> Connect(const std::string& path) {
  DYNOFA_ASSIGN_OR_RETURN(const sockaddr_un address, AddressOf(path));
  DYNOFA_ASSIGN_OR_RETURN(base::UniqueFd fd, NewSocket());
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return base::ErrnoStatus(errno, path);
  }
  return fd;
}

absl::StatusOr<Peer> PeerOf(int fd) {
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return base::ErrnoStatus(errno, "SO_PEERCRED");
  }
  return Peer{credentials.pid, credentials.uid};
}

absl::Status Send(int fd, std::string_view message) {
  if (message.size() > kMaxMessage) {
    return absl::ResourceExhaustedError(
        base::StrCat("a message of ", message.size(), " bytes is longer than ", kMaxMessage));
  }
  for (;;) {
    if (::send(fd, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) {
      return absl::OkStatus();
    }
    if (errno == EAGAIN) return absl::UnavailableError("the other end does not read");
    if (errno == EPIPE || errno == ECONNRESET) return absl::CancelledError("the other end is gone");
    if (errno != EINTR) return base::ErrnoStatus(errno, "send");
  }
}

absl::StatusOr<std::string> Receive(int fd, base::Duration patience) {
  if (patience > base::Duration::zero()) DYNOFA_RETURN_IF_ERROR(AwaitReadable(fd, patience));
  std::string message(kMaxMessage, '\0');
  iovec part{.iov_base = message.data(), .iov_len = message.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  ssize_t size = 0;
  do {
    size = ::recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0 && errno == ECONNRESET) return absl::CancelledError("the connection was reset");
  if (size < 0) return base::ErrnoStatus(errno, "recv");
  if ((header.msg_flags & MSG_TRUNC) != 0) {
    return absl::InvalidArgumentError(
        base::StrCat("a message is longer than ", kMaxMessage, " bytes"));
  }
  // An empty message cannot be told from the end of the connection: both end it.
  if (size == 0) return absl::CancelledError("the connection ended");
  message.resize(static_cast<std::size_t>(size));
  return message;
}

}  // namespace dynofa::hardware::remote
