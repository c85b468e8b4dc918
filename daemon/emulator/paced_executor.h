#ifndef DYNOFA_DAEMON_EMULATOR_PACED_EXECUTOR_H_
#define DYNOFA_DAEMON_EMULATOR_PACED_EXECUTOR_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>

#include "daemon/base/clock.h"
#include "daemon/emulator/board_model.h"
#include "daemon/engine/executor.h"

namespace dynofa::emulator {

/// Waits for a point in time; can be told to give up. Thread-safe.
class Waiter {
 public:
  virtual ~Waiter() = default;

  /// False if interrupted before (or since) then.
  virtual bool WaitUntil(base::TimePoint when) = 0;

  /// Ends every wait, present and future.
  virtual void Interrupt() = 0;
};

/// Waits in real time.
class SteadyWaiter final : public Waiter {
 public:
  bool WaitUntil(base::TimePoint when) override;
  void Interrupt() override;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool interrupted_ = false;
};

/// What the executors of a cluster and the owner of the board tell each other. Thread-safe.
struct ClusterConditions {
  /// Last reading of ClusterReading::foreign_load.
  std::atomic<double> foreign_load{0.0};
  /// Inferences whose real work took longer than the model allows.
  std::atomic<std::int64_t> overruns{0};
};

/// Gives inferences the speed of an emulated cluster: runs the work for real, then waits until
/// the modelled time at the given clock is over, at the pace that neighbours leave: those that come
/// or go are felt from the next sixteenth of the run on. Where the real work takes longer than the
/// whole run was to take when it began, the run is marked as an overrun and its time is the real
/// one, which is measured; any other time is emulated. The real work is never stopped; while the
/// rest of the modelled time passes, settings.go_on is asked at every sixteenth of the run, and a
/// run that it stops ends then. The model speaks of the cluster as a whole, so the number of
/// threads changes nothing but the real work.
class PacedExecutor final : public engine::Executor {
 public:
  /// `board`, `cluster` (of that board), `clock` and `waiter` must outlive the executor.
  PacedExecutor(std::unique_ptr<engine::Executor> real, const BoardModel& board,
                const ClusterModel& cluster, std::shared_ptr<ClusterConditions> conditions,
                const base::Clock& clock, Waiter& waiter);

  /// CANCELLED if the waiter was interrupted; ABORTED if settings.go_on stopped the run.
  absl::StatusOr<engine::RunResult> Run(engine::Supernet& supernet,
                                        const engine::PreparedSubnet& subnet,
                                        const engine::Tensor& input,
                                        const engine::RunSettings& settings) override;

 private:
  // Of the cluster, that a run gets beside its present neighbours.
  double Share() const;
  // Waits out the modelled time of a run that began at `start`, would take `alone` without
  // neighbours, and had `share` of the cluster until now. How long it took.
  absl::StatusOr<base::Duration> WaitOut(base::TimePoint start, base::Duration alone, double share,
                                         const engine::RunSettings& settings);

  std::unique_ptr<engine::Executor> real_;
  const BoardModel& board_;
  const ClusterModel& cluster_;
  std::shared_ptr<ClusterConditions> conditions_;
  const base::Clock& clock_;
  Waiter& waiter_;
};

}  // namespace dynofa::emulator

#endif  // DYNOFA_DAEMON_EMULATOR_PACED_EXECUTOR_H_
