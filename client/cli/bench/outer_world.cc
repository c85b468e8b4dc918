#include "client/cli/bench/outer_world.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "client/cli/json.h"

namespace dynofa::cli::bench {
namespace {

using client::Error;
using client::ErrorCode;
using client::Result;

constexpr std::size_t kMostBytes = 4096;
constexpr timeval kPatience{.tv_sec = 5, .tv_usec = 0};

/// Closes a descriptor at the end of its life.
class Socket {
 public:
  Socket() : fd_(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int fd() const { return fd_; }

 private:
  const int fd_;
};

Error Failed(const std::string& path, const std::string& what) {
  return {ErrorCode::kUnavailable, path + ": " + what + ": " + std::strerror(errno)};
}

/// Sends `request` and takes the answer as it comes.
Result<std::string> Exchange(const std::string& path, const std::string& request) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return Error{ErrorCode::kInvalidArgument, "the path of a socket must have 1 to " +
                                                  std::to_string(sizeof(address.sun_path) - 1) +
                                                  " bytes, not " + std::to_string(path.size())};
  }
  path.copy(address.sun_path, path.size());
  const Socket socket;
  if (socket.fd() < 0) return Failed(path, "socket");
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience));
  if (::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return Failed(path, "is no board's control socket (dynofa-boardd --emulator-control)");
  }
  if (::send(socket.fd(), request.data(), request.size(), MSG_NOSIGNAL) < 0) {
    return Failed(path, "sending");
  }
  std::string answer(kMostBytes, '\0');
  const ssize_t size = ::recv(socket.fd(), answer.data(), answer.size(), 0);
  if (size < 0) return Failed(path, "no answer");
  answer.resize(static_cast<std::size_t>(size));
  return answer;
}

/// The answer to a request that was granted.
Result<Json> Ask(const std::string& path, const Json& request) {
  const auto text = Exchange(path, request.dump());
  if (!text.ok()) return text.error();
  Json answer = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object() || !answer.contains("ok") || !answer["ok"].is_boolean()) {
    return Error{ErrorCode::kUnavailable, path + ": not the control socket of a board"};
  }
  if (answer["ok"].get<bool>()) return answer;
  const Json reason = answer.value("error", Json("refused"));
  return Error{ErrorCode::kInvalidArgument,
               path + ": " + (reason.is_string() ? reason.get<std::string>() : "refused")};
}

Result<client::Done> Tell(const std::string& path, const Json& request) {
  const auto answer = Ask(path, request);
  if (!answer.ok()) return answer.error();
  return client::Done{};
}

}  // namespace

Result<client::Done> SetNeighbour(const std::string& path, const std::string& cluster,
                                  double load) {
  return Tell(path, {{"op", "neighbour"}, {"cluster", cluster}, {"load", load}});
}

Result<client::Done> SetAmbient(const std::string& path, double celsius) {
  return Tell(path, {{"op", "ambient"}, {"celsius", celsius}});
}

Result<Meter> ReadMeter(const std::string& path) {
  const auto answer = Ask(path, {{"op", "meter"}});
  if (!answer.ok()) return answer.error();
  for (const char* key : {"board_j", "neighbours_j"}) {
    if (!answer->contains(key) || !answer->at(key).is_number()) {
      return Error{ErrorCode::kUnavailable, path + ": the meter does not show " + key};
    }
  }
  return Meter{answer->at("board_j").get<double>(), answer->at("neighbours_j").get<double>()};
}

}  // namespace dynofa::cli::bench
