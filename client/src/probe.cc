#include "client/src/probe.h"

#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace dynofa::client {
namespace {

std::string GroupOf(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return "";
  std::vector<char> buffer(16384);
  struct group entry {};
  struct group* found = nullptr;
  ::getgrgid_r(info.st_gid, &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? std::to_string(info.st_gid) : found->gr_name;
}

Error Explain(int error, const std::string& path) {
  switch (error) {
    case ENOENT:
      return {ErrorCode::kNotFound,
              "no dynofa daemon at " + path +
                  ": start it (systemctl start dynofad), or name its socket (--socket, "
                  "DYNOFA_SOCKET)"};
    case EACCES: {
      const std::string group = GroupOf(path);
      return {ErrorCode::kPermissionDenied,
              "permission denied at " + path + ": " +
                  (group.empty() ? "its folder is closed to this user"
                                 : "join the group '" + group + "' (usermod -aG " + group +
                                       " USER, then log in again)")};
    }
    case ECONNREFUSED:
      return {ErrorCode::kUnavailable,
              "nobody answers at " + path +
                  ": the daemon has stopped without removing its socket; start it again"};
    case EAGAIN:
      return {ErrorCode::kResourceExhausted,
              "the daemon at " + path + " has no room for another connection; try again"};
    default:
      return {ErrorCode::kUnavailable, path + ": " + std::strerror(error)};
  }
}

}  // namespace

Result<Done> ProbeSocket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return Error{ErrorCode::kInvalidArgument, "socket path '" + path + "' must have 1 to " +
                                                  std::to_string(sizeof(address.sun_path) - 1) +
                                                  " bytes"};
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Explain(errno, path);
  const int answer = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  const int error = errno;
  ::close(fd);
  if (answer != 0) return Explain(error, path);
  return Done{};
}

}  // namespace dynofa::client
