#include "daemon/emulator/paced_executor.h"

#include <utility>

#include "daemon/base/status.h"
#include "daemon/emulator/emulated_cost_model.h"
#include "daemon/emulator/latency_model.h"

namespace dynofa::emulator {
namespace {

// Parts of the modelled time between which a run is asked whether it goes on: about as many as a
// subnet has itself.
constexpr int kParts = 16;

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
  const double share = ContentionShare(board_, conditions_->foreign_load.load());
  const base::Duration modelled =
      base::FromMs(LatencyMs(cluster_, WorkloadOf(subnet.info()), settings.frequency_khz, share));
  // The real work's own share says nothing about the board's time.
  const engine::RunSettings unasked{.threads = settings.threads,
                                    .frequency_khz = settings.frequency_khz};
  absl::StatusOr<engine::RunResult> result = real_->Run(supernet, subnet, input, unasked);
  if (!result.ok()) return result;
  result->overrun = clock_.Now() - start > modelled;
  if (result->overrun) {
    conditions_->overruns.fetch_add(1);
  } else {
    DYNOFA_RETURN_IF_ERROR(WaitOut(start, modelled, settings));
  }
  result->compute = result->overrun ? clock_.Now() - start : modelled;
  result->evidence =
      result->overrun ? policies::Evidence::kMeasured : policies::Evidence::kEmulated;
  return result;
}

absl::Status PacedExecutor::WaitOut(base::TimePoint start, base::Duration modelled,
                                    const engine::RunSettings& settings) {
  const auto wait_until = [&](base::Duration elapsed) {
    if (waiter_.WaitUntil(start + elapsed)) return absl::OkStatus();
    return absl::CancelledError("the emulated board is shutting down");
  };
  for (int part = 1; settings.go_on && part < kParts; ++part) {
    const base::Duration elapsed = modelled * part / kParts;
    // Nobody was there to ask while the real work was done.
    if (elapsed < settings.ask_after || start + elapsed < clock_.Now()) continue;
    DYNOFA_RETURN_IF_ERROR(wait_until(elapsed));
    if (!settings.go_on(elapsed, static_cast<double>(part) / kParts)) {
      return absl::AbortedError("the run was stopped on the way");
    }
  }
  return wait_until(modelled);
}

}  // namespace dynofa::emulator
