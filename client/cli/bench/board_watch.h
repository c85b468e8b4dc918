#ifndef DYNOFA_CLIENT_CLI_BENCH_BOARD_WATCH_H_
#define DYNOFA_CLIENT_CLI_BENCH_BOARD_WATCH_H_

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "client/cli/bench/stage.h"
#include "client/cli/bench/timeline.h"
#include "daemon/scenario/rules/trace.h"
#include "dynofa/client.h"

namespace dynofa::cli::bench {

/// What the service showed of its board while a scenario was played.
struct BoardRecord {
  std::vector<scenario::BoardSample> samples;
  /// By cluster: seconds at each clock, and changes of clocks, within the time that counts.
  std::vector<std::map<std::int64_t, double>> residency_s;
  std::int64_t frequency_switches = 0;
  std::int64_t decisions = 0;
  /// The first error of a look; nullopt if every look succeeded.
  std::optional<client::Error> error;
};

/// Looks at the service's status ten times a second, on a thread and a connection of its own, from
/// the start of the time line until it is stopped.
class BoardWatch {
 public:
  /// `stage` must outlive the watch. `warm_up_s` to `length_s` is the time that counts.
  BoardWatch(client::Client connection, const Stage& stage, Timeline timeline, double warm_up_s,
             double length_s);
  ~BoardWatch();

  /// Ends the looking. Once.
  BoardRecord Finish();

 private:
  void Run();
  void Look(double since_s);

  client::Client connection_;
  const Stage& stage_;
  const Timeline timeline_;
  const double warm_up_s_;
  const double length_s_;
  BoardRecord record_;
  std::optional<std::uint64_t> first_decision_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;  ///< guarded by mutex_
  std::thread thread_;
};

}  // namespace dynofa::cli::bench

#endif  // DYNOFA_CLIENT_CLI_BENCH_BOARD_WATCH_H_
