#include "daemon/emulator/paced_executor.h"

#include <utility>

#include "daemon/emulator/emulated_cost_model.h"
#include "daemon/emulator/latency_model.h"

namespace dynofa::emulator {

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
  absl::StatusOr<engine::RunResult> result = real_->Run(supernet, subnet, input, settings);
  if (!result.ok()) return result;
  result->overrun = clock_.Now() - start > modelled;
  if (result->overrun) {
    conditions_->overruns.fetch_add(1);
  } else if (!waiter_.WaitUntil(start + modelled)) {
    return absl::CancelledError("the emulated board is shutting down");
  }
  result->compute = result->overrun ? clock_.Now() - start : modelled;
  result->evidence =
      result->overrun ? policies::Evidence::kMeasured : policies::Evidence::kEmulated;
  return result;
}

}  // namespace dynofa::emulator
