#include "daemon/serving/connections.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include "daemon/base/log.h"
#include "daemon/base/status.h"

namespace dynofa::serving {
namespace {

// Below are the descriptors of the rest of the process.
constexpr int kLowestNumber = 256;
// The kernel's table of a process grows with its highest descriptor: 8 bytes each.
constexpr rlim_t kMostDescriptors = 65536;
// How long to leave the listener alone when descriptors or memory have run out.
constexpr int kPauseMs = 100;

absl::StatusOr<int> RaiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return base::ErrnoStatus(errno, "RLIMIT_NOFILE");
  const rlim_t wanted = std::min(limit.rlim_max, kMostDescriptors);
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = wanted;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return base::ErrnoStatus(errno, "RLIMIT_NOFILE");
  }
  if (limit.rlim_cur <= static_cast<rlim_t>(2 * kLowestNumber)) {
    return absl::ResourceExhaustedError(base::StrCat("the limit of open files is ", limit.rlim_cur,
                                                     "; at least ", 2 * kLowestNumber + 1,
                                                     " are needed (LimitNOFILE=)"));
  }
  return static_cast<int>(std::min(limit.rlim_cur, kMostDescriptors));
}

absl::Status Add(int epoll, int fd, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0) return absl::OkStatus();
  return base::ErrnoStatus(errno, "epoll_ctl");
}

absl::StatusOr<manager::Caller> PeerOf(int socket) {
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return base::ErrnoStatus(errno, "SO_PEERCRED");
  }
  return manager::Caller{credentials.uid, credentials.gid, credentials.pid};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Connections>> Connections::Create(std::unique_ptr<Listener> listener,
                                                                 Limits limits,
                                                                 manager::ManagerApi& manager,
                                                                 Admission& admission) {
  DYNOFA_ASSIGN_OR_RETURN(const int highest, RaiseDescriptorLimit());
  base::UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return base::ErrnoStatus(errno, "epoll_create1");
  base::UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return base::ErrnoStatus(errno, "eventfd");
  DYNOFA_RETURN_IF_ERROR(Add(epoll.get(), wake.get(), EPOLLIN));
  DYNOFA_RETURN_IF_ERROR(Add(epoll.get(), listener->fd(), EPOLLIN));
  return std::unique_ptr<Connections>(new Connections(
      std::move(listener), limits, manager, admission, std::move(epoll), std::move(wake), highest));
}

Connections::Connections(std::unique_ptr<Listener> listener, Limits limits,
                         manager::ManagerApi& manager, Admission& admission, base::UniqueFd epoll,
                         base::UniqueFd wake, int highest_number)
    : limits_(limits),
      shared_{manager, admission, std::make_shared<Once>()},
      epoll_(std::move(epoll)),
      wake_(std::move(wake)),
      highest_number_(highest_number),
      next_number_(kLowestNumber),
      listener_(std::move(listener)) {}

Connections::~Connections() {
  ::eventfd_write(wake_.get(), 1);
  if (thread_.joinable()) thread_.join();
  for (auto& [watch, watched] : watched_) watched.connection->sessions->End();
}

void Connections::Start(Adopt adopt) {
  adopt_ = std::move(adopt);
  thread_ = std::thread([this] { Run(); });
}

std::shared_ptr<const Connection> Connections::Find(std::string_view peer) const {
  constexpr std::string_view kPrefix = "fd:";
  if (!peer.starts_with(kPrefix)) return nullptr;
  peer.remove_prefix(kPrefix.size());
  int number = -1;
  const auto [end, error] = std::from_chars(peer.data(), peer.data() + peer.size(), number);
  if (error != std::errc() || end != peer.data() + peer.size()) return nullptr;
  std::lock_guard lock(mutex_);
  const auto found = by_number_.find(number);
  return found == by_number_.end() ? nullptr : found->second;
}

void Connections::StopAccepting() {
  // A connection that is being handed on gets there first.
  std::lock_guard accepting(accepting_);
  std::lock_guard lock(mutex_);
  // Closing the socket takes it out of the epoll set; AcceptAll looks under the same lock.
  listener_.reset();
}

std::size_t Connections::size() const {
  std::lock_guard lock(mutex_);
  return by_number_.size();
}

void Connections::Run() {
  std::array<epoll_event, 32> events;
  for (;;) {
    const int ready = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                   listener_watched_ ? -1 : kPauseMs);
    if (!listener_watched_) WatchListener(true);
    for (int i = 0; i < ready; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == wake_.get()) return;
      if (watched_.contains(fd)) {
        Ended(fd);
      } else {
        AcceptAll();
      }
    }
  }
}

void Connections::WatchListener(bool on) {
  std::lock_guard lock(mutex_);
  listener_watched_ = on;
  if (listener_ == nullptr) return;
  if (on) {
    (void)Add(epoll_.get(), listener_->fd(), EPOLLIN);
  } else {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, listener_->fd(), nullptr);
  }
}

void Connections::AcceptAll() {
  for (;;) {
    std::lock_guard accepting(accepting_);
    base::UniqueFd socket;
    int error = 0;
    {
      std::lock_guard lock(mutex_);
      if (listener_ == nullptr) return;
      socket.Reset(::accept4(listener_->fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      error = errno;
    }
    if (socket.valid()) {
      Accepted(std::move(socket));
    } else if (error == EAGAIN || error == EWOULDBLOCK) {
      return;
    } else if (error != EINTR && error != ECONNABORTED) {
      base::LogWarning(base::FromAbsl(base::ErrnoStatus(error, "accepting").message()));
      WatchListener(false);
      return;
    }
  }
}

bool Connections::Admits(std::uint32_t uid) {
  const auto found = per_uid_.find(uid);
  const std::size_t present = found == per_uid_.end() ? 0 : found->second;
  if (present < limits_.per_uid && watched_.size() < limits_.total) return true;
  if (refused_uids_.insert(uid).second) {
    base::LogWarning("connections of user ", uid, " are refused: it has ", present, " of at most ",
                     limits_.per_uid, ", all users have ", watched_.size(), " of at most ",
                     limits_.total);
  }
  return false;
}

absl::StatusOr<base::UniqueFd> Connections::Numbered(int socket) {
  base::UniqueFd fd(::fcntl(socket, F_DUPFD_CLOEXEC, next_number_));
  if (!fd.valid() || fd.get() >= highest_number_ - 1) {
    fd.Reset(::fcntl(socket, F_DUPFD_CLOEXEC, kLowestNumber));
  }
  if (!fd.valid()) return base::ErrnoStatus(errno, "F_DUPFD_CLOEXEC");
  next_number_ = fd.get() + 1;
  return fd;
}

void Connections::Accepted(base::UniqueFd socket) {
  const absl::StatusOr<manager::Caller> caller = PeerOf(socket.get());
  if (!caller.ok() || !Admits(caller->uid)) return;
  absl::StatusOr<base::UniqueFd> served = Numbered(socket.get());
  if (!served.ok() || !Add(epoll_.get(), socket.get(), EPOLLRDHUP).ok()) return;
  const int number = served->get();
  const auto connection = std::make_shared<const Connection>(
      Connection{*caller, std::make_shared<ImplicitSessions>(shared_, *caller)});
  ++per_uid_[caller->uid];
  const int watch = socket.get();
  watched_.emplace(watch, Watched{connection, std::move(socket), number});
  {
    std::lock_guard lock(mutex_);
    by_number_[number] = connection;
  }
  adopt_(*std::move(served));
}

void Connections::Ended(int watch) {
  const auto found = watched_.find(watch);
  const Watched ended = std::move(found->second);
  watched_.erase(found);
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, watch, nullptr);
  const std::uint32_t uid = ended.connection->caller.uid;
  if (--per_uid_[uid] == 0) per_uid_.erase(uid);
  refused_uids_.erase(uid);
  {
    std::lock_guard lock(mutex_);
    const auto entry = by_number_.find(ended.number);
    if (entry != by_number_.end() && entry->second == ended.connection) by_number_.erase(entry);
  }
  ended.connection->sessions->End();
}

}  // namespace dynofa::serving
