#ifndef DYNOFA_CLIENT_CLI_BENCH_PLAYER_H_
#define DYNOFA_CLIENT_CLI_BENCH_PLAYER_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "client/cli/bench/stage.h"
#include "client/cli/bench/timeline.h"
#include "client/cli/images.h"
#include "daemon/scenario/rules/arrival_process.h"
#include "daemon/scenario/rules/scenario.h"
#include "daemon/scenario/rules/trace.h"
#include "dynofa/client.h"

namespace dynofa::cli::bench {

/// What one client of a scenario saw.
struct Part {
  /// In the order of their times.
  std::vector<scenario::RequestRecord> requests;
  double energy_j = 0.0;  ///< of its runs that were answered within the time that counts
  double busy_s = 0.0;    ///< of the same
  /// Why it was not let in; empty if it was.
  std::string refusal;
};

/// One client of a scenario in real time, on a thread and a connection of its own: joins, sends
/// each request when it is due whether or not answers come, leaves. Thread-safe.
class Player {
 public:
  /// The scenario, its client `index` among them, and `stage` must outlive the player; `pictures`
  /// (not empty), too.
  Player(const scenario::Scenario& scenario, std::size_t index, std::uint64_t seed,
         const Stage& stage, const std::vector<Image>& pictures, client::Client connection,
         Timeline timeline);
  ~Player();

  /// Changes its mind. An error if the service refuses the change.
  client::Result<client::Done> Change(const scenario::RequirementChange& change);

  /// Waits for its last request and then up to scenario::kDrainS after the scenario's end for
  /// answers; gives up those that have none by then. Once.
  Part Finish();

 private:
  void Run();
  void Join();
  void Leave();
  /// Sleeps until the next request is due, s; nullopt when the client leaves.
  std::optional<double> AwaitTurn();
  void Send(double due_s);
  void Answered(std::size_t request, const client::Result<client::Inference>& answer);
  double Declared() const;
  double EndS() const;

  const scenario::Scenario& scenario_;
  const scenario::Client& self_;
  const engine::ModelInfo& model_;
  const Stage& stage_;
  const std::vector<Image>& pictures_;
  const Timeline timeline_;
  const std::size_t index_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  policies::Requirement requirement_;
  scenario::Arrivals arrivals_;
  scenario::ArrivalProcess process_;
  bool joined_ = false;
  std::optional<double> next_s_;  ///< since the client's start; nullopt: none comes
  std::uint64_t turn_ = 0;        ///< counts the changes of next_s_ by others than its own thread
  std::shared_ptr<client::Session> session_;
  std::size_t open_ = 0;
  Part part_;

  /// Its destructor ends what is in flight, whose callbacks use what is above.
  std::optional<client::Client> connection_;
  std::thread thread_;
};

}  // namespace dynofa::cli::bench

#endif  // DYNOFA_CLIENT_CLI_BENCH_PLAYER_H_
