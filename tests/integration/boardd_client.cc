// A client of dynofa-boardd for tests: pins every cluster to its lowest frequency, says what came
// of it, and holds the board until it is killed.
//
// Usage: boardd_client SOCKET [UID]     as that user, if the test is root's

#include <unistd.h>

#include <cstdlib>
#include <future>
#include <iostream>
#include <vector>

#include "daemon/base/task_runner.h"
#include "daemon/hardware/remote/remote_board.h"

int main(int argc, char** argv) {
  using dynofa::hardware::ApplyResult;
  if (argc < 2 || argc > 3) return 2;
  if (argc == 3 && ::setuid(static_cast<uid_t>(std::atoi(argv[2]))) != 0) return 3;
  const auto runner = dynofa::base::ThreadTaskRunner::Create("client");
  const auto board = dynofa::hardware::remote::ConnectBoard(argv[1], *runner);
  if (!board.ok()) {
    std::cout << board.status() << std::endl;
    return 1;
  }
  std::vector<dynofa::policies::ClusterSetting> settings;
  for (const auto& cluster : (*board)->info().clusters) {
    if (!cluster.writable) continue;
    const std::int64_t khz = cluster.frequencies_khz.front();
    settings.push_back({cluster.id, cluster.governors.front(), khz, khz});
  }
  std::promise<absl::StatusOr<ApplyResult>> applied;
  runner->Post([&] {
    (*board)->Apply(settings, [&](absl::StatusOr<ApplyResult> r) { applied.set_value(r); });
  });
  const absl::StatusOr<ApplyResult> result = applied.get_future().get();
  if (!result.ok()) std::cout << result.status() << std::endl;
  for (const auto& outcome : result.value_or(ApplyResult{}).outcomes) {
    std::cout << outcome.cluster << ": " << outcome.status << " " << outcome.effective.max_khz
              << std::endl;
  }
  std::cout << "holding" << std::endl;
  for (;;) ::pause();
}
