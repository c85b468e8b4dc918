#ifndef DYNOFA_TESTS_INTEGRATION_BOARD_CLIENT_H_
#define DYNOFA_TESTS_INTEGRATION_BOARD_CLIENT_H_

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/base/task_runner.h"
#include "daemon/hardware/board.h"
#include "daemon/hardware/remote/remote_board.h"
#include "tests/support/process.h"

namespace dynofa::tests {

/// dynofad's side of the connection to a dynofa-boardd, for tests: each call waits for its answer.
/// The connection ends with it.
class BoardClient {
 public:
  /// Waits until there is a server at `socket` that takes it, as long as `server_runs`. Without one
  /// every call answers UNAVAILABLE.
  BoardClient(const std::string& socket, const std::function<bool()>& server_runs) {
    WaitUntil([&] {
      auto board = hardware::remote::ConnectBoard(socket, *runner_);
      if (board.ok()) board_ = *std::move(board);
      return board_ != nullptr || !server_runs();
    });
  }
  ~BoardClient() {
    // A board is destroyed on its runner's thread.
    Wait<int>([this](auto done) {
      board_.reset();
      done(0);
    });
  }
  BoardClient(const BoardClient&) = delete;
  BoardClient& operator=(const BoardClient&) = delete;

  bool connected() const { return board_ != nullptr; }
  const hardware::BoardInfo& info() const { return board_->info(); }

  absl::StatusOr<hardware::ApplyResult> Apply(
      const std::vector<policies::ClusterSetting>& settings) {
    return Ask<hardware::ApplyResult>([&](auto done) { board_->Apply(settings, done); });
  }

  absl::StatusOr<hardware::BoardReading> Read() {
    return Ask<hardware::BoardReading>([&](auto done) { board_->Read(done); });
  }

  absl::Status Release() {
    return Ask<int>([&](auto done) {
             board_->Release([done](const absl::Status& released) {
               if (released.ok()) return done(0);
               done(released);
             });
           })
        .status();
  }

 private:
  template <typename T>
  using Done = std::function<void(absl::StatusOr<T>)>;

  template <typename T>
  T Wait(const std::function<void(std::function<void(T)>)>& start) {
    auto answer = std::make_shared<std::promise<T>>();
    runner_->Post([&] { start([answer](T value) { answer->set_value(std::move(value)); }); });
    return answer->get_future().get();
  }

  template <typename T>
  absl::StatusOr<T> Ask(const std::function<void(Done<T>)>& start) {
    if (board_ == nullptr) return absl::UnavailableError("no dynofa-boardd");
    return Wait<absl::StatusOr<T>>(start);
  }

  std::unique_ptr<base::ThreadTaskRunner> runner_ = base::ThreadTaskRunner::Create("client");
  std::unique_ptr<hardware::Board> board_;
};

}  // namespace dynofa::tests

#endif  // DYNOFA_TESTS_INTEGRATION_BOARD_CLIENT_H_
