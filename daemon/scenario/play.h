#ifndef DYNOFA_DAEMON_SCENARIO_PLAY_H_
#define DYNOFA_DAEMON_SCENARIO_PLAY_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/base/virtual_time.h"
#include "daemon/dispatch/dispatcher.h"
#include "daemon/emulator/board_model.h"
#include "daemon/engine/cost_model.h"
#include "daemon/manager/manager.h"
#include "daemon/scenario/machine.h"
#include "daemon/scenario/rules/arrival_process.h"
#include "daemon/scenario/rules/scenario.h"
#include "daemon/scenario/rules/trace.h"
#include "daemon/scenario/simulation.h"
#include "policies/policy.h"

namespace dynofa::scenario {

/// One simulation under way, the inside of SimulateWith: manager, dispatcher, machine and clients
/// as events of one time line. play.cc has its course and what the scenario does,
/// play_requests.cc the clients and the request path.
class Simulation {
 public:
  /// All three must outlive the simulation; `governor` as Machine takes it.
  Simulation(const Scenario& scenario, const emulator::BoardModel& board,
             const SimulationOptions& options, std::unique_ptr<policies::Policy> policy,
             const std::string& governor);

  /// Once.
  absl::StatusOr<Trace> Run();

 private:
  struct ClientState {
    policies::Requirement requirement;
    Arrivals arrivals;
    std::unique_ptr<ArrivalProcess> process;
    std::string session;
    std::uint64_t turn = 0;  ///< of the next arrival; an older one is out of date
    std::uint64_t sent = 0;
  };

  base::TimePoint At(double seconds) const {
    return base::TimePoint() + base::FromSeconds(seconds);
  }
  double Now() const { return base::ToSeconds(time_.Now() - base::TimePoint()); }

  void PostAt(double seconds, std::function<void()> task) {
    time_.PostDelayed(std::max(At(seconds) - time_.Now(), base::Duration::zero()), std::move(task));
  }

  absl::Status Begin();
  void Describe();
  void ScheduleScript();
  void Finish();

  // Clients.
  void StartClient(std::size_t client);
  void StopClient(std::size_t client);
  void ScheduleArrival(std::size_t client);
  void Arrive(std::size_t client);
  double RateOf(const ClientState& state, std::size_t client) const;
  void Declare(std::size_t client);

  // The request path.
  void TakeRoutes(std::shared_ptr<const dispatch::RoutingTable> routes);
  void RunFree();
  void BeginWork(std::size_t cluster, const dispatch::Work& work);
  void EndRequest(const dispatch::Outcome& outcome);
  void ScheduleExpiry();
  const engine::ModelInfo& ModelOf(std::size_t client) const;

  // What happens.
  void Happen(const Event& event);
  void Change(const RequirementChange& change);
  void Change(const ModeChange& change);
  void Change(const PowerCapChange& change);
  void Change(const AmbientChange& change) { Note(machine_.SetAmbient(change.celsius)); }
  void Change(const NeighbourChange& change) {
    Note(machine_.SetNeighbour(change.cluster, change.load));
  }
  void Change(const ClusterChange& change) {
    Note(machine_.SetAvailable(change.cluster, change.available));
  }
  void SetMode();
  void NoteCaps();
  const policies::PowerMode& Mode() const;
  void AddMark(std::string text, std::optional<std::size_t> client) {
    trace_.marks.push_back({Now(), std::move(text), client});
  }
  void Note(const absl::Status& status) { error_.Update(status); }

  const Scenario& scenario_;
  const emulator::BoardModel& board_;
  const std::uint64_t seed_;
  const std::shared_ptr<const engine::CostModel> costs_;
  const std::vector<policies::PowerMode> modes_;
  std::string mode_;
  std::optional<double> cap_w_;
  absl::Status error_;
  Trace trace_;
  std::vector<ClientState> clients_;
  std::unordered_map<dispatch::RequestId, std::size_t> open_;  ///< index into trace_.requests
  std::unordered_map<std::size_t, std::uint64_t> number_;      ///< of a request of its client
  dispatch::RequestId last_id_ = 0;
  std::optional<base::TimePoint> expiry_;
  std::optional<base::TimePoint> last_end_;

  base::VirtualTime time_;
  manager::OutcomeRing outcomes_{1 << 14};
  dispatch::SlowdownBook slowdowns_;
  dispatch::Dispatcher dispatcher_;
  std::unique_ptr<policies::Policy> policy_;
  Machine machine_;
  std::unique_ptr<manager::Manager> manager_;
};

}  // namespace dynofa::scenario

#endif  // DYNOFA_DAEMON_SCENARIO_PLAY_H_
