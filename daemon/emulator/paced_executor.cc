#include "daemon/emulator/paced_executor.h"

#include <utility>

#include "daemon/base/status.h"
#include "daemon/emulator/emulated_cost_model.h"
#include "daemon/emulator/latency_model.h"

namespace dynofa::emulator {
namespace {

// Parts of a run, each at the pace that neighbours leave, between which it is asked whether it goes
// on: about as many as a subnet has itself.
constexpr int kParts = 16;
// Nobody looks for neighbours more often than that.
constexpr base::Duration kLeastPause = std::chrono::milliseconds(1);

base::Duration Scaled(base::Duration duration, double factor) {
  return std::chrono::round<base::Duration>(duration * factor);
}

}  // namespace

bool SteadyWaiter::WaitUntil(base::TimePoint when) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_until(lock, when, [this] { return interrupted_; });
}

void SteadyWaiter::Interrupt() {
  std::lock_guard lock(mutex_);
  interrupted_ = true;
  changed_.notify_all();
}

PacedExecutor::PacedExecutor(std::unique_ptr<engine::Executor> real, const BoardModel& board,
                             const ClusterModel& cluster,
                             std::shared_ptr<ClusterConditions> conditions,
                             const base::Clock& clock, Waiter& waiter)
    : real_(std::move(real)),
      board_(board),
      cluster_(cluster),
      conditions_(std::move(conditions)),
      clock_(clock),
      waiter_(waiter) {}

absl::StatusOr<engine::RunResult> PacedExecutor::Run(engine::Supernet& supernet,
                                                     const engine::PreparedSubnet& subnet,
                                                     const engine::Tensor& input,
                                                     const engine::RunSettings& settings) {
  const base::TimePoint start = clock_.Now();
  const base::Duration alone =
      base::FromMs(LatencyMs(cluster_, WorkloadOf(subnet.info()), settings.frequency_khz, 1.0));
  const double share = Share();
  // The real work's own share says nothing about the board's time.
  const engine::RunSettings unasked{.threads = settings.threads,
                                    .frequency_khz = settings.frequency_khz};
  absl::StatusOr<engine::RunResult> result = real_->Run(supernet, subnet, input, unasked);
  if (!result.ok()) return result;
  result->compute = clock_.Now() - start;
  result->overrun = result->compute > Scaled(alone, 1.0 / share);
  if (result->overrun) {
    conditions_->overruns.fetch_add(1);
    result->evidence = policies::Evidence::kMeasured;
    return result;
  }
  DYNOFA_ASSIGN_OR_RETURN(result->compute, WaitOut(start, alone, share, settings));
  result->evidence = policies::Evidence::kEmulated;
  return result;
}

double PacedExecutor::Share() const {
  return ContentionShare(board_, conditions_->foreign_load.load());
}

absl::StatusOr<base::Duration> PacedExecutor::WaitOut(base::TimePoint start, base::Duration alone,
                                                      double share,
                                                      const engine::RunSettings& settings) {
  base::Duration elapsed{};
  for (int part = 1; part <= kParts; ++part) {
    elapsed += Scaled(alone, 1.0 / (kParts * share));
    const bool last = part == kParts;
    const bool asked = !last && settings.go_on && elapsed >= settings.ask_after;
    // What was over before the real work was done, nobody was there to be asked about.
    const base::TimePoint nearest = clock_.Now() + (asked ? base::Duration::zero() : kLeastPause);
    if (!last && start + elapsed < nearest) continue;
    if (!waiter_.WaitUntil(start + elapsed)) {
      return absl::CancelledError("the emulated board is shutting down");
    }
    if (asked && !settings.go_on(elapsed, static_cast<double>(part) / kParts)) {
      return absl::AbortedError("the run was stopped on the way");
    }
    share = Share();
  }
  return elapsed;
}

}  // namespace dynofa::emulator
