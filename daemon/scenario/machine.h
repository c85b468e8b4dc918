#ifndef DYNOFA_DAEMON_SCENARIO_MACHINE_H_
#define DYNOFA_DAEMON_SCENARIO_MACHINE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "daemon/base/virtual_time.h"
#include "daemon/emulator/board_model.h"
#include "daemon/emulator/emulated_board.h"
#include "daemon/emulator/emulated_driver.h"
#include "daemon/emulator/latency_model.h"
#include "daemon/hardware/board.h"
#include "daemon/scenario/rules/trace.h"

namespace dynofa::scenario {

/// A run that a cluster is asked for.
struct Job {
  std::size_t client = 0;
  emulator::Workload work;
  /// The modelled time is multiplied by this.
  double noise = 1.0;
  /// Runs at the end: how long it took, and whether it gave a result.
  std::function<void(base::Duration compute, bool ok)> done;
  /// As in engine::RunSettings, asked from `ask_after` on every `ask_every`; a run that is stopped
  /// is done without a result.
  std::function<bool(base::Duration elapsed, double share)> go_on;
  base::Duration ask_after{};
  base::Duration ask_every{};
};

/// An emulated board on a virtual time line with one executor per cluster. A run advances at the
/// speed that clock and neighbours allow at each moment; a run whose cluster goes away fails. Every
/// 10 ms the board's governors are told how busy the clusters were, and clocks that governors or
/// heat have moved come into force. Energy is integrated exactly over these pieces from the
/// board's power model.
class Machine {
 public:
  /// Both must outlive the machine. `governor` is what the knobs are left with by whoever was
  /// there before (clusters that do not offer it keep the board's own); empty: the board's own.
  Machine(const emulator::BoardModel& board, base::VirtualTime& time, const std::string& governor);

  const emulator::BoardModel& model() const { return board_.model(); }

  /// The board for the manager; its answers come on the time line, those of Apply (which then is in
  /// force) after the longest transition that a cluster's driver declares. Must not outlive the
  /// machine.
  std::unique_ptr<hardware::Board> NewBoard();

  /// Starts the windows in which loads are reported and samples taken. `on_change` runs when a
  /// cluster may take a run that could not before.
  void Start(std::function<void()> on_change);

  bool Free(std::size_t cluster) const;
  /// REQUIRES: Free(cluster).
  void Begin(std::size_t cluster, Job job);
  std::int64_t khz(std::size_t cluster) const { return places_[cluster].khz; }

  absl::Status SetNeighbour(const std::string& cluster, double load);
  absl::Status SetAvailable(const std::string& cluster, bool available);
  absl::Status SetAmbient(double celsius);

  /// Energy, clock residency and switches from now on only.
  void ResetCounts();
  /// Up to now.
  const Energy& energy();
  const std::vector<std::map<std::int64_t, double>>& residency_s();
  std::int64_t frequency_switches() const { return frequency_switches_; }
  const std::vector<BoardSample>& samples() const { return samples_; }

  /// Governors look this often.
  static constexpr base::Duration kWindow = std::chrono::milliseconds(10);
  static constexpr int kWindowsPerSample = 10;

 private:
  class SimulatedBoard;

  struct Run {
    Job job;
    base::TimePoint begun;
    double left = 1.0;      ///< share of the work
    double whole_ms = 0.0;  ///< time of all of it under the present conditions
    std::uint64_t turn = 0;
    std::uint64_t number = 0;
  };
  struct Place {
    const emulator::ClusterModel* model = nullptr;
    std::int64_t khz = 0;
    double foreign_load = 0.0;
    double neighbour_load = 0.0;
    double temperature_c = 25.0;
    double idle_w = 0.0;  ///< at the present clock and temperature
    double full_w = 0.0;  ///< more than that, when fully active
    bool available = true;
    bool wanted = true;  ///< as SetAvailable said last
    double at_khz_s = 0.0;
    std::optional<Run> run;
    double busy_s = 0.0;         ///< in this window, weighted by the share that runs had
    double sample_busy_s = 0.0;  ///< in this sample
  };

  /// Share of the cluster that a run gets.
  double ShareOf(const Place& place) const;
  /// Brings runs, energy and residency up to now.
  void Advance();
  /// Takes over what the board says.
  void Refresh();
  void Take(Place& place, const hardware::ClusterReading& reading);
  void Reschedule(std::size_t cluster);
  /// Asks whether that run is to go on, if it has not ended, after a pause.
  void AskAfter(base::Duration pause, std::size_t cluster, std::uint64_t number);
  void Finish(std::size_t cluster, bool ok);
  void Window();
  void TakeSample();
  absl::Status ApplyForeignLoad(const std::string& cluster);
  Place* Find(const std::string& cluster);
  base::Duration TransitionOf(const std::vector<policies::ClusterSetting>& settings);
  void CountResidency();

  base::VirtualTime& time_;
  emulator::EmulatedBoard board_;
  emulator::EmulatedDriver driver_;
  std::vector<Place> places_;
  std::function<void()> on_change_ = [] {};
  base::TimePoint advanced_;
  std::uint64_t turns_ = 0;
  std::uint64_t runs_ = 0;
  int windows_ = 0;
  Energy energy_;
  double constant_w_ = 0.0;
  double total_j_ = 0.0;
  double sampled_j_ = 0.0;
  base::TimePoint sampled_;
  std::vector<std::map<std::int64_t, double>> residency_s_;
  std::int64_t frequency_switches_ = 0;
  std::vector<BoardSample> samples_;
};

}  // namespace dynofa::scenario

#endif  // DYNOFA_DAEMON_SCENARIO_MACHINE_H_
