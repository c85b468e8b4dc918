#ifndef DYNOFA_DAEMON_HARDWARE_REMOTE_ACTUATOR_H_
#define DYNOFA_DAEMON_HARDWARE_REMOTE_ACTUATOR_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/base/task_runner.h"
#include "daemon/hardware/board.h"

namespace dynofa::hardware::remote {

/// Drives a BoardDriver so that a write that blocks in firmware blocks nothing else. Calls are
/// worked off one after another on a thread of its own, each cluster's part on a thread of that
/// cluster; a part that does not return within `stuck_after` is answered as "stuck"
/// (UNAVAILABLE), and its cluster is skipped until it does. Within a transaction clusters that are
/// slowed down come before those that are sped up, so that a limit on the sum of them (power) is
/// not exceeded in between.
///
/// Readings have a thread, too, and all that most of them wake is that one: a read that comes while
/// nothing else is under way goes there at once.
///
/// Thread-safe. Answers are given on the actuator's threads and must not block.
class Actuator {
 public:
  /// `driver` must outlive the actuator.
  Actuator(BoardDriver& driver, base::Duration stuck_after);

  /// Waits for parts that are still stuck.
  ~Actuator();

  using ReadDone = std::function<void(absl::StatusOr<BoardReading>)>;

  void Apply(std::vector<policies::ClusterSetting> settings, std::function<void(ApplyResult)> done);
  /// Reads the board; the driver gets `loads` before, if there are any. A read that has not
  /// returned in time is answered (UNAVAILABLE) when the next call comes.
  void Read(std::vector<ClusterLoad> loads, ReadDone done);

  /// The release of a stuck cluster follows by itself when its write has returned; the answer,
  /// UNAVAILABLE, does not wait for that.
  void Release(std::function<void(absl::Status)> done);

  /// Whether a write or a read has not returned though its call was answered. While there are no
  /// calls: whether the driver is in use.
  bool Hangs();

  /// Of several reports that wait for the driver only the last one is passed on.
  void ReportLoad(std::vector<ClusterLoad> loads);

 private:
  class Worker;
  /// A read that is neither answered nor given up.
  struct Reading {
    ReadDone done;
    base::TimePoint deadline;
  };

  /// Has `call` run in its turn, with no read under way.
  void Enqueue(std::function<void()> call);
  /// Needs mutex_, and that no read is under way.
  void BeginRead(std::vector<ClusterLoad> loads, ReadDone done);
  void RunRead(const std::shared_ptr<Reading>& reading, const std::vector<ClusterLoad>& loads);
  /// Waits for the read under way, if there is one, or gives it up.
  void AwaitRead();
  /// The places of `settings` in the order in which they are applied.
  std::vector<std::size_t> SafeOrder(const std::vector<policies::ClusterSetting>& settings) const;
  SettingOutcome ApplyOne(const policies::ClusterSetting& setting);
  absl::Status ReleaseAll();

  BoardDriver& driver_;
  base::Duration stuck_after_;
  std::map<std::string, std::unique_ptr<Worker>> workers_;  // by cluster; constant
  std::map<std::string, std::int64_t> max_khz_;             // by cluster, as last read back
  std::mutex mutex_;
  // Under mutex_:
  int calls_ = 0;  ///< on the sequence, waiting or under way
  std::shared_ptr<Reading> reading_;
  bool reader_busy_ = false;  ///< also by a read that was given up
  std::condition_variable read_ended_;
  std::mutex loads_mutex_;
  std::optional<std::vector<ClusterLoad>> loads_;  // reported and not yet passed on
  std::unique_ptr<base::ThreadTaskRunner> reader_;
  // Destroyed first, so that no call reaches a worker that is gone.
  std::unique_ptr<base::ThreadTaskRunner> sequence_;
};

}  // namespace dynofa::hardware::remote

#endif  // DYNOFA_DAEMON_HARDWARE_REMOTE_ACTUATOR_H_
