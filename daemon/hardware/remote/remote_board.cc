#include "daemon/hardware/remote/remote_board.h"

#include <sys/socket.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/base/unique_fd.h"
#include "daemon/hardware/remote/protocol.h"
#include "daemon/hardware/remote/seqpacket.h"

namespace dynofa::hardware::remote {
namespace {

using OnAnswer = std::function<void(absl::StatusOr<Answer>)>;

// What the board, its receiving thread and the tasks on the runner share. Only the board keeps
// it alive, so that a task that runs later finds out that the board is gone.
struct Link {
  base::UniqueFd fd;
  std::mutex mutex;
  std::map<std::uint64_t, OnAnswer> waiting;
  std::uint64_t last_id = 0;
  bool lost = false;
  bool watched = false;  ///< a timer is set

  // Runs the callback of a call, if it is still waiting.
  void Finish(std::uint64_t id, const absl::StatusOr<Answer>& answer) {
    OnAnswer done;
    {
      std::lock_guard lock(mutex);
      const auto found = waiting.find(id);
      if (found == waiting.end()) return;
      done = std::move(found->second);
      waiting.erase(found);
    }
    done(answer);
  }

  // Takes the calls up to `last` that wait still.
  std::vector<OnAnswer> Overdue(std::uint64_t last) {
    std::lock_guard lock(mutex);
    watched = false;
    std::vector<OnAnswer> overdue;
    const auto end = waiting.upper_bound(last);
    for (auto call = waiting.begin(); call != end; ++call) {
      overdue.push_back(std::move(call->second));
    }
    waiting.erase(waiting.begin(), end);
    return overdue;
  }

  bool Waiting() {
    std::lock_guard lock(mutex);
    return !waiting.empty();
  }

  std::map<std::uint64_t, OnAnswer> Lose() {
    std::lock_guard lock(mutex);
    lost = true;
    return std::exchange(waiting, {});
  }
};

class RemoteBoard final : public Board {
 public:
  RemoteBoard(base::UniqueFd fd, BoardInfo info, base::TaskRunner& runner, RemoteOptions options)
      : info_(std::move(info)), runner_(runner), options_(std::move(options)) {
    link_->fd = std::move(fd);
    receiver_ = std::thread([this] { ReceiveLoop(); });
  }

  ~RemoteBoard() override {
    // Ends the receiver's wait; the connection itself is closed with the link.
    ::shutdown(link_->fd.get(), SHUT_RDWR);
    receiver_.join();
  }

  const BoardInfo& info() const override { return info_; }

  void Apply(std::vector<policies::ClusterSetting> settings, Callback<ApplyResult> done) override {
    Call({.op = Op::kApply, .settings = std::move(settings)},
         [done = std::move(done)](absl::StatusOr<Answer> answer) {
           if (!answer.ok()) return done(answer.status());
           if (!answer->status.ok()) return done(answer->status);
           done(std::move(answer->applied));
         });
  }

  void Read(Callback<BoardReading> done) override {
    Request request{.op = Op::kRead, .loads = std::exchange(loads_, {})};
    Call(std::move(request), [done = std::move(done)](absl::StatusOr<Answer> answer) {
      if (!answer.ok()) return done(answer.status());
      if (!answer->status.ok()) return done(answer->status);
      done(std::move(answer->reading));
    });
  }

  void Release(std::function<void(absl::Status)> done) override {
    Call({.op = Op::kRelease}, [done = std::move(done)](const absl::StatusOr<Answer>& answer) {
      done(answer.ok() ? answer->status : answer.status());
    });
  }

  void ReportLoad(const std::vector<ClusterLoad>& loads) override {
    // Real hardware needs it when it is read; an emulated board moves with it.
    if (info_.emulated_model.empty()) {
      loads_ = loads;
      return;
    }
    // Best effort: a report that cannot be sent is followed by the next one.
    Send(link_->fd.get(), Encode(Request{.op = Op::kLoad, .loads = loads})).IgnoreError();
  }

 private:
  void Call(Request request, OnAnswer done) {
    bool lost = false;
    {
      std::lock_guard lock(link_->mutex);
      request.id = ++link_->last_id;
      link_->waiting[request.id] = std::move(done);
      lost = link_->lost;
    }
    const absl::Status sent =
        lost ? absl::UnavailableError("the connection to dynofa-boardd is lost")
             : Send(link_->fd.get(), Encode(request));
    if (sent.ok()) return Watch();
    runner_.Post([weak = std::weak_ptr<Link>(link_), id = request.id,
                  failure = absl::UnavailableError(sent.message())] {
      if (const auto link = weak.lock()) link->Finish(id, failure);
    });
  }

  // One timer for all calls: whatever waited when it was set and waits still when it runs out has
  // waited too long.
  void Watch() {
    std::uint64_t last = 0;
    {
      std::lock_guard lock(link_->mutex);
      if (std::exchange(link_->watched, true)) return;
      last = link_->last_id;
    }
    runner_.PostDelayed(options_.timeout, [this, weak = std::weak_ptr<Link>(link_), last] {
      std::vector<OnAnswer> overdue;
      if (const auto link = weak.lock()) overdue = link->Overdue(last);
      for (const OnAnswer& done : overdue) {
        done(absl::DeadlineExceededError("dynofa-boardd has not answered in time"));
      }
      // The board is gone, or one of the callbacks has ended it.
      if (weak.expired() || !link_->Waiting()) return;
      Watch();
    });
  }

  void ReceiveLoop() {
    for (;;) {
      const absl::StatusOr<std::string> message = Receive(link_->fd.get());
      if (!message.ok()) return Lost(message.status());
      absl::StatusOr<Answer> answer = DecodeAnswer(*message);
      if (!answer.ok()) return Lost(answer.status());
      // An answer with id 0 belongs to no call: the server's last words.
      if (answer->id == 0) return Lost(answer->status);
      runner_.Post([weak = std::weak_ptr<Link>(link_), answer = *std::move(answer)] {
        if (const auto link = weak.lock()) link->Finish(answer.id, answer);
      });
    }
  }

  void Lost(const absl::Status& why) {
    // Text crosses the threads rather than a status, whose count Abseil's library keeps where
    // ThreadSanitizer does not see it.
    std::string text = base::StrCat("lost dynofa-boardd: ", base::FromAbsl(why.message()));
    runner_.Post(
        [weak = std::weak_ptr<Link>(link_), text = std::move(text), on_lost = options_.on_lost] {
          const auto link = weak.lock();
          if (!link) return;
          const absl::Status status = absl::UnavailableError(text);
          for (const auto& [id, done] : link->Lose()) done(status);
          if (on_lost) on_lost(status);
        });
  }

  const BoardInfo info_;
  base::TaskRunner& runner_;
  const RemoteOptions options_;
  const std::shared_ptr<Link> link_ = std::make_shared<Link>();
  std::thread receiver_;
  /// Reported, and not sent yet; used on the runner's thread.
  std::vector<ClusterLoad> loads_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Board>> ConnectBoard(const std::string& path,
                                                    base::TaskRunner& runner,
                                                    RemoteOptions options) {
  DYNOFA_ASSIGN_OR_RETURN(base::UniqueFd fd, Connect(path));
  const absl::StatusOr<std::string> message = Receive(fd.get(), options.greeting_timeout);
  if (!message.ok()) return base::Annotate(message.status(), base::StrCat(path, ": no greeting"));
  absl::StatusOr<Greeting> greeting = DecodeGreeting(*message);
  if (!greeting.ok()) return base::Annotate(greeting.status(), path);
  if (!greeting->refused.ok()) return base::Annotate(greeting->refused, path);
  return std::unique_ptr<Board>(std::make_unique<RemoteBoard>(
      std::move(fd), std::move(greeting->info), runner, std::move(options)));
}

}  // namespace dynofa::hardware::remote
