#include "daemon/serving/listener.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"

namespace dynofa::serving {
namespace {

constexpr mode_t kMode = 0660;
constexpr int kBacklog = 64;

absl::StatusOr<sockaddr_un> Address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(base::StrCat("socket path '", path, "' must have 1 to ",
                                                   sizeof(address.sun_path) - 1, " bytes"));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

absl::StatusOr<base::UniqueFd> NewSocket(int flags) {
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  if (!fd.valid()) return base::ErrnoStatus(errno, "socket");
  return fd;
}

absl::StatusOr<base::UniqueFd> Lock(const std::string& path) {
  const std::string name = path + ".lock";
  base::UniqueFd fd(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return base::ErrnoStatus(errno, name);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
  if (errno != EWOULDBLOCK) return base::ErrnoStatus(errno, name);
  return absl::AlreadyExistsError(
      base::StrCat("another dynofad serves ", path, " (it holds ", name,
                   "); stop it first, or give this one a socket of its own"));
}

absl::Status RemoveStale(const std::string& path, const sockaddr_un& address) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    return errno == ENOENT ? absl::OkStatus() : base::ErrnoStatus(errno, path);
  }
  if (!S_ISSOCK(info.st_mode)) {
    return absl::InvalidArgumentError(
        base::StrCat(path, " exists and is not a socket; remove it or choose another path"));
  }
  DYNOFA_ASSIGN_OR_RETURN(const base::UniqueFd probe, NewSocket(0));
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    return absl::AlreadyExistsError(
        base::StrCat("another program answers on ", path, "; stop it or choose another path"));
  }
  if (errno != ECONNREFUSED) return base::ErrnoStatus(errno, path);
  if (::unlink(path.c_str()) != 0) return base::ErrnoStatus(errno, path);
  return absl::OkStatus();
}

absl::StatusOr<std::optional<gid_t>> GroupId(const std::string& group) {
  if (group.empty()) return std::nullopt;
  std::vector<char> buffer(16384);
  struct group entry {};
  struct group* found = nullptr;
  const int error = ::getgrnam_r(group.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (error != 0) return base::ErrnoStatus(error, base::StrCat("group ", group));
  if (found == nullptr) {
    return absl::InvalidArgumentError(base::StrCat("unknown group '", group, "'"));
  }
  return entry.gr_gid;
}

absl::Status SetAccess(const std::string& path, const std::optional<gid_t>& group) {
  if (group && ::chown(path.c_str(), static_cast<uid_t>(-1), *group) != 0) {
    return base::ErrnoStatus(errno, base::StrCat("group of ", path));
  }
  if (::chmod(path.c_str(), kMode) != 0) return base::ErrnoStatus(errno, path);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Listener>> Listener::Create(const std::string& path,
                                                           const std::string& group) {
  DYNOFA_ASSIGN_OR_RETURN(const sockaddr_un address, Address(path));
  DYNOFA_ASSIGN_OR_RETURN(const std::optional<gid_t> gid, GroupId(group));
  DYNOFA_ASSIGN_OR_RETURN(base::UniqueFd lock, Lock(path));
  DYNOFA_RETURN_IF_ERROR(RemoveStale(path, address));
  DYNOFA_ASSIGN_OR_RETURN(base::UniqueFd fd, NewSocket(SOCK_NONBLOCK));
  // The mode of the unbound socket limits that of the path, so it is never wider than meant.
  if (::fchmod(fd.get(), kMode) != 0 ||
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return base::ErrnoStatus(errno, path);
  }
  std::unique_ptr<Listener> listener(new Listener(path, std::move(lock), std::move(fd)));
  DYNOFA_RETURN_IF_ERROR(SetAccess(path, gid));
  if (::listen(listener->fd(), kBacklog) != 0) return base::ErrnoStatus(errno, path);
  return listener;
}

Listener::Listener(std::string path, base::UniqueFd lock, base::UniqueFd socket)
    : path_(std::move(path)), lock_(std::move(lock)), socket_(std::move(socket)) {}

Listener::~Listener() { ::unlink(path_.c_str()); }

}  // namespace dynofa::serving
