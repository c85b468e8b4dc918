#include "daemon/hardware/remote/leftover_keeper.h"

namespace dynofa::hardware::remote {

void LeftoverKeeper::LookAfter() {
  if (releasing_ > 0 || !driver_.HasLeftovers()) return;
  const base::TimePoint now = clock_.Now();
  if (now - looked_ < interval_ || working_.exchange(true)) return;
  looked_ = now;
  if (runner_ == nullptr) runner_ = base::ThreadTaskRunner::Create("leftovers");
  runner_->Post([this] {
    driver_.RestoreLeftovers();
    working_ = false;
  });
}

}  // namespace dynofa::hardware::remote
