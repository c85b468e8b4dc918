#include "daemon/tools/families/timing.h"

#include <cstddef>

#include "tests/support/catch.h"

namespace dynofa::tools::families {

TEST_CASE("Every round gives each its turn, in another order") {
  std::vector<std::size_t> turns;  // who ran, consecutive runs of one counted once
  std::vector<int> counts(8);
  std::vector<std::function<absl::Status()>> runs;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    runs.emplace_back([&, i] {
      ++counts[i];
      if (turns.empty() || turns.back() != i) turns.push_back(i);
      return absl::OkStatus();
    });
  }
  std::vector<int> rounds;
  const auto timings = TimeInterleaved(runs, {.rounds = 3, .runs_per_round = 4},
                                       [&](int round) { rounds.push_back(round); });
  REQUIRE(timings.ok());
  CHECK(rounds == std::vector<int>{0, 1, 2});
  for (std::size_t i = 0; i < counts.size(); ++i) {
    CHECK(counts[i] == counts[0]);
    CHECK(counts[i] > 3 * 4);
    CHECK((*timings)[i].round_ms.size() == 3);
    CHECK((*timings)[i].run_ms.size() <= 3 * 4);
  }
  const std::vector<std::size_t> first(turns.begin(), turns.begin() + 8);
  const std::vector<std::size_t> last(turns.end() - 8, turns.end());
  CHECK(first != last);
}

TEST_CASE("The first error ends the measurement") {
  int calls = 0;
  const std::vector<std::function<absl::Status()>> runs = {
      [&] { return ++calls == 5 ? absl::InternalError("broken") : absl::OkStatus(); }};
  CHECK(TimeInterleaved(runs, {.rounds = 9}, [](int) {}).status().message() == "broken");
  CHECK(calls == 5);
}

}  // namespace dynofa::tools::families
