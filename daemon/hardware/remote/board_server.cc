#include "daemon/hardware/remote/board_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <future>
#include <string_view>
#include <utility>

#include "daemon/base/log.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/hardware/remote/protocol.h"
#include "daemon/hardware/remote/seqpacket.h"

namespace dynofa::hardware::remote {
namespace {

// A client that asks faster than the board answers is told so.
constexpr int kMaxOutstanding = 64;

// Of refused clients the 1st, 10th, 100th ... has a line in the log.
constexpr std::uint64_t kRefusalsPerLine = 10;

std::string_view Text(const absl::Status& status) { return base::FromAbsl(status.message()); }

}  // namespace

// Shared with the answers that are under way; the socket closes with the last of them.
struct BoardServer::Connection {
  base::UniqueFd fd;
  pid_t pid = 0;
  std::atomic<int> outstanding{0};

  void Reply(const Answer& answer) {
    const absl::Status sent = Send(fd.get(), Encode(answer));
    if (sent.ok() || absl::IsCancelled(sent)) return;
    base::LogWarning("client ", pid, " takes no answers (", Text(sent), "): disconnecting it");
    ::shutdown(fd.get(), SHUT_RDWR);
  }
};

BoardServer::BoardServer(base::UniqueFd listener, BoardDriver& driver, Options options)
    : listener_(std::move(listener)),
      driver_(driver),
      options_(std::move(options)),
      leftovers_(driver, options_.retry_interval),
      actuator_(driver, options_.stuck_after) {}

BoardServer::~BoardServer() = default;

absl::Status BoardServer::Run(int stop_fd) {
  for (;;) {
    pollfd fds[] = {{.fd = stop_fd, .events = POLLIN, .revents = 0},
                    {.fd = listener_.get(), .events = POLLIN, .revents = 0},
                    {.fd = client_ ? client_->fd.get() : -1, .events = POLLIN, .revents = 0}};
    const int ready = ::poll(fds, 3, Patience());
    if (ready < 0 && errno != EINTR) return base::ErrnoStatus(errno, "poll");
    if (options_.on_tick) options_.on_tick();
    leftovers_.LookAfter();
    if (ready <= 0) continue;
    if (fds[0].revents != 0) break;
    // The present client first: its end makes room for the next.
    if (fds[2].revents != 0) Serve();
    if (fds[1].revents == 0) continue;
    outdated_ = MayBeReplaced();
    if (outdated_) return absl::OkStatus();
    Welcome();
  }
  const absl::Status released = ReleaseAndWait();
  client_.reset();
  return released;
}

int BoardServer::Patience() const {
  base::Duration patience = options_.tick_interval;
  const bool for_ever = patience <= base::Duration::zero();
  if (leftovers_.NeedsLook() && (for_ever || leftovers_.interval() < patience)) {
    patience = leftovers_.interval();
  }
  const int ms = static_cast<int>(base::ToMs(patience));
  return ms > 0 ? ms : -1;
}

bool BoardServer::MayBeReplaced() {
  if (client_ || !driver_.MayBeOutdated()) return false;
  // What the last client has left is put back, or stays in the journal; nothing else is under way.
  ReleaseAndWait().IgnoreError();
  // Where something hangs in the kernel, a look might, too.
  return !actuator_.Hangs() && !leftovers_.working() && driver_.IsOutdated();
}

void BoardServer::Welcome() {
  absl::StatusOr<base::UniqueFd> accepted = Accept(listener_.get());
  if (!accepted.ok()) return LogRefusal(accepted.status());
  const absl::Status refused = Admit(accepted->get());
  const Greeting greeting{refused, refused.ok() ? driver_.info() : BoardInfo{}};
  const absl::Status sent = Send(accepted->get(), Encode(greeting));
  if (absl::IsResourceExhausted(sent)) {
    const absl::Status why = base::Annotate(sent, "the board cannot be described");
    Send(accepted->get(), Encode(Greeting{why, {}})).IgnoreError();
    return LogRefusal(why);
  }
  if (!refused.ok() || !sent.ok()) return LogRefusal(refused.ok() ? sent : refused);
  refused_ = 0;
  next_logged_refusal_ = 1;
  client_ = std::make_shared<Connection>();
  client_->fd = *std::move(accepted);
  client_->pid = PeerOf(client_->fd.get()).value_or(Peer{}).pid;
  base::LogInfo("client ", client_->pid, " has the board");
}

void BoardServer::LogRefusal(const absl::Status& why) {
  if (++refused_ < next_logged_refusal_) return;
  base::LogWarning("refused a client (", refused_, " since the last welcome one): ", Text(why));
  next_logged_refusal_ *= kRefusalsPerLine;
}

absl::Status BoardServer::Admit(int fd) const {
  DYNOFA_ASSIGN_OR_RETURN(const Peer peer, PeerOf(fd));
  const bool allowed = peer.uid == 0 || peer.uid == ::geteuid() || peer.uid == options_.allowed_uid;
  if (!allowed) {
    return absl::PermissionDeniedError(
        base::StrCat("uid ", peer.uid, " may not have the board (--allow-uid)"));
  }
  if (client_) {
    return absl::AlreadyExistsError(
        base::StrCat("process ", client_->pid, " has the board; there can be only one client"));
  }
  return absl::OkStatus();
}

void BoardServer::Serve() {
  const absl::StatusOr<std::string> message = Receive(client_->fd.get());
  if (message.ok()) return Handle(client_, *message);
  if (absl::IsCancelled(message.status())) {
    base::LogInfo("client ", client_->pid, " is gone: restoring the knobs");
  } else {
    base::LogWarning("client ", client_->pid, ": ", Text(message.status()));
  }
  Disconnect();
}

void BoardServer::Handle(const std::shared_ptr<Connection>& connection, std::string_view message) {
  absl::StatusOr<Request> request = DecodeRequest(message);
  if (!request.ok()) {
    base::LogWarning("client ", connection->pid, " sent nonsense: ", Text(request.status()));
    connection->Reply({.status = request.status()});
    return Disconnect();
  }
  if (request->op == Op::kLoad) return actuator_.ReportLoad(std::move(request->loads));
  const std::uint64_t id = request->id;
  if (connection->outstanding.fetch_add(1) >= kMaxOutstanding) {
    connection->outstanding.fetch_sub(1);
    return connection->Reply(
        {.id = id, .status = absl::ResourceExhaustedError("too many requests without an answer")});
  }
  const auto reply = [connection](Answer answer) {
    connection->Reply(answer);
    connection->outstanding.fetch_sub(1);
  };
  if (request->op == Op::kApply) {
    actuator_.Apply(std::move(request->settings), [reply, id](ApplyResult result) {
      reply({.id = id, .applied = std::move(result)});
    });
  } else if (request->op == Op::kRead) {
    actuator_.Read(std::move(request->loads), [reply, id](absl::StatusOr<BoardReading> reading) {
      Answer answer{.id = id, .status = reading.status()};
      if (reading.ok()) answer.reading = *std::move(reading);
      reply(std::move(answer));
    });
  } else {
    Release([reply, id](absl::Status status) { reply({.id = id, .status = status}); });
  }
}

void BoardServer::Disconnect() {
  // Answers under way may still hold the socket.
  ::shutdown(client_->fd.get(), SHUT_RDWR);
  client_.reset();
  Release([](const absl::Status& status) {
    if (!status.ok()) base::LogError("restoring the knobs: ", Text(status));
  });
}

void BoardServer::Release(std::function<void(absl::Status)> done) {
  leftovers_.BeginRelease();
  actuator_.Release([this, done = std::move(done)](absl::Status status) {
    leftovers_.EndRelease();
    done(std::move(status));
  });
}

absl::Status BoardServer::ReleaseAndWait() {
  auto released = std::make_shared<std::promise<absl::Status>>();
  std::future<absl::Status> answer = released->get_future();
  Release([released](absl::Status status) { released->set_value(std::move(status)); });
  return answer.get();
}

}  // namespace dynofa::hardware::remote
