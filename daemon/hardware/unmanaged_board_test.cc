#include "daemon/hardware/unmanaged_board.h"

#include <optional>

#include "tests/support/catch.h"

namespace dynofa::hardware {
namespace {

TEST_CASE("a board without knobs says so everywhere and refuses to be set") {
  const auto board = MakeUnmanagedBoard("no dynofa-boardd");
  REQUIRE(board->info().clusters.size() == 1);
  const policies::ClusterInfo& cluster = board->info().clusters[0];
  CHECK_FALSE(cluster.writable);
  CHECK(cluster.read_only_reason == "no dynofa-boardd");
  CHECK(cluster.host_cpus == AllowedCpus());
  CHECK_FALSE(cluster.host_cpus.empty());
  CHECK(board->info().notes[0] == "serving without knobs: no dynofa-boardd");

  std::optional<absl::Status> applied;
  board->Apply({{.cluster = "cpu0", .min_khz = 1, .max_khz = 1}},
               [&](absl::StatusOr<ApplyResult> result) { applied = result.status(); });
  CHECK(absl::IsFailedPrecondition(*applied));
  bool read = false;
  board->Read([&](absl::StatusOr<BoardReading> reading) {
    read = reading.ok() && reading->clusters[0].available;
  });
  CHECK(read);
}

}  // namespace
}  // namespace dynofa::hardware
