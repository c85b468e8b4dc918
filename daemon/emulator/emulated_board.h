#ifndef DYNOFA_DAEMON_EMULATOR_EMULATED_BOARD_H_
#define DYNOFA_DAEMON_EMULATOR_EMULATED_BOARD_H_

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "daemon/base/clock.h"
#include "daemon/emulator/board_model.h"
#include "daemon/emulator/fault.h"
#include "daemon/emulator/fault_plan.h"
#include "daemon/hardware/board.h"
#include "daemon/hardware/cpufreq_rules.h"

namespace dynofa::emulator {

/// The state of an emulated board: knobs with the kernel's semantics, its governors, power and
/// heat. Time passes when somebody looks: every call first moves the physics to the clock's
/// present, so a virtual clock makes it deterministic, faults included. Thread-safe.
class EmulatedBoard {
 public:
  /// Utilisation that nobody renews is forgotten after this long: its reporter is gone.
  static constexpr double kLoadLifetimeS = 2.0;

  /// `model` and `clock` must outlive the board. Starts in thermal balance, idle, with the
  /// default knobs.
  EmulatedBoard(const BoardModel& model, const base::Clock& clock);

  const BoardModel& model() const { return model_; }

  /// The time of the board's clock.
  base::TimePoint Now() const { return clock_.Now(); }

  /// The knobs of a cluster as requested (what a restore must put back), which the effective
  /// limits in a reading may hide.
  struct Knobs {
    std::string governor;
    hardware::Limits limits;

    friend bool operator==(const Knobs&, const Knobs&) = default;
  };

  /// The knobs behind all faults, as another program or a test sets them at one stroke. NOT_FOUND
  /// for an unknown cluster; INVALID_ARGUMENT for an unknown governor or a frequency below zero.
  /// Frequencies off the table are rounded and clamped, not refused.
  absl::StatusOr<Knobs> GetKnobs(std::string_view cluster);
  absl::Status SetKnobs(std::string_view cluster, const Knobs& knobs);

  /// One write(2) to a knob, with the faults of the script: 0, or the errno of the write. EINVAL
  /// for what is not a governor or a whole number of kHz; a number above 32 bits loses what is
  /// above, as in the kernel; ENODEV while the cluster is away. Blocks while a fault blocks it.
  int WriteKnob(std::string_view cluster, Knob knob, std::string_view text);

  /// Replaces the script of faults and begins it now; an empty one ends those under way and lets
  /// blocked writes go on. Errors as CheckFaults.
  absl::Status SetFaults(std::vector<Fault> faults);

  /// What the kernel shows of a cluster besides its reading.
  struct Presence {
    bool present = true;
    int policy = -1;  ///< the number in cpufreq's "policy4"; -1 for a GPU
    std::vector<Knob> hidden;
  };
  Presence PresenceOf(std::string_view cluster);

  /// Its board power is what the rails tell: that of the total one, or else their sum.
  hardware::BoardReading Read();

  /// One cluster's effective limits, clock and cap by heat (0 = none), kHz, as its files show them,
  /// stale ones included. The cluster must be one of the model.
  hardware::Limits LimitsNow(std::string_view cluster);
  std::int64_t ClockKhz(std::string_view cluster);
  std::int64_t CapNow(std::string_view cluster);
  /// What a rail draws, W, if it can be seen, and has drawn since the board exists, J.
  std::optional<double> RailPowerW(std::string_view rail);
  double RailEnergyJ(std::string_view rail);

  /// What the board draws and has drawn since it exists, W and J, whether a rail tells or not.
  double PowerW();
  double EnergyJ();
  /// The part of EnergyJ() that the activity of other programs is, J.
  double NeighboursJ();

  /// As hardware::Board::ReportLoad; each report is also a sample for the governors.
  void ReportLoad(const std::vector<hardware::ClusterLoad>& loads);

  /// Another program takes `load` (0..1) of a cluster; with 1 the cluster is gone for us.
  absl::Status SetForeignLoad(std::string_view cluster, double load);

  /// Temperature of the air, -40..120 degrees C.
  absl::Status SetAmbient(double celsius);

 private:
  struct ClusterState {
    const ClusterModel* model = nullptr;
    Knobs knobs;
    std::int64_t khz = 0;
    std::size_t cap_steps = 0;  ///< table entries taken away by heat, from the top
    double busy = 0.0;
    double foreign_load = 0.0;
    base::TimePoint reported;
    base::TimePoint sampled;
    bool away = false;
    int policy = -1;
    int blocked = 0;  ///< writes that have not returned
    std::optional<hardware::ClusterReading> stale;
  };

  /// A write that has no effect yet.
  struct LateWrite {
    base::TimePoint due;
    ClusterState* state = nullptr;
    Knobs knobs;
    Knob knob = Knob::kGovernor;
  };

  ClusterState* FindLocked(std::string_view cluster);
  hardware::Limits LimitsOf(const ClusterState& state) const;
  std::int64_t CapKhz(const ClusterState& state) const;
  double TemperatureOf(const ClusterState& state) const;
  double PowerOf(const ClusterState& state) const;
  double RailPower(const RailModel& rail) const;
  double TotalPower() const;
  double ZoneTarget(std::size_t zone) const;
  /// Runs the governor; `sample` is false when only limits have changed.
  void Settle(ClusterState& state, bool sample);
  void AdvanceLocked();
  void AdvancePhysics(base::TimePoint target);
  /// When the next fault or late write is due; empty if none is.
  std::optional<base::TimePoint> NextEvent() const;
  void TakeEvents();
  Presence PresenceLocked(const ClusterState& state) const;
  void Begin(const Fault& fault);
  void End(const Fault& fault);
  void AwaitBlock(std::unique_lock<std::mutex>& lock, ClusterState& state,
                  const FaultPlan::Fate& fate);
  static int Parse(const ClusterModel& model, Knob knob, std::string_view text, Knobs& knobs);
  void Take(ClusterState& state, Knob knob, const Knobs& knobs);
  /// Whether a fault hides the thing of that name.
  bool IsHidden(std::string Fault::*what, const std::string& name) const;
  void StepHeat(double seconds);
  void PollTrips();
  hardware::ClusterReading ReadCluster(const ClusterState& state) const;
  void ReadZones(hardware::BoardReading& reading) const;
  void ReadRails(hardware::BoardReading& reading) const;

  const BoardModel& model_;
  const base::Clock& clock_;

  std::mutex mutex_;
  base::TimePoint now_;
  /// When loads were told last, and the time that those speak of.
  base::TimePoint loads_reported_;
  base::Duration load_span_{};
  double since_poll_s_ = 0.0;
  double ambient_c_;
  std::vector<ClusterState> clusters_;
  double energy_j_ = 0.0;
  double neighbours_j_ = 0.0;
  std::vector<double> rail_energy_j_;  // in the order of model_.rails
  std::vector<double> temperatures_;   // in the order of model_.zones
  /// Held by a trip, and shown by a stale or missing sensor; in the orders of the model.
  std::vector<std::optional<double>> held_c_, stale_c_, stale_w_;
  FaultPlan plan_;
  std::int64_t scripts_ = 0;
  std::vector<LateWrite> late_;
  std::condition_variable script_changed_;
};

}  // namespace dynofa::emulator

#endif  // DYNOFA_DAEMON_EMULATOR_EMULATED_BOARD_H_
