#include "daemon/scenario/suite.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <utility>

#include "daemon/emulator/board_file.h"
#include "daemon/scenario/simulation.h"

namespace dynofa::scenario {
namespace {

/// One cell of policies times seeds.
struct Cell {
  absl::Status status;
  RunMetrics metrics;
  std::optional<Trace> trace;
};

void Play(const Scenario& scenario, const emulator::BoardModel& board,
          const SimulationOptions& options, bool keep_trace, Cell* cell) {
  absl::StatusOr<Trace> trace = Simulate(scenario, board, options);
  cell->status = trace.status();
  if (!trace.ok()) return;
  cell->metrics = Measure(*trace);
  if (keep_trace) cell->trace = *std::move(trace);
}

/// Runs `play(i)` for every i below `count` on `jobs` threads.
template <typename Function>
void InParallel(std::size_t count, int jobs, const Function& play) {
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) play(i);
  };
  std::vector<std::thread> threads;
  for (int i = 1; i < jobs; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

absl::StatusOr<ScenarioResult> RunSuite(const Scenario& scenario, const emulator::BoardModel& board,
                                        const SuiteOptions& options) {
  const auto seeds = static_cast<std::size_t>(std::max(options.seeds, 1));
  std::vector<Cell> cells(options.policies.size() * seeds);
  InParallel(cells.size(), options.jobs, [&](std::size_t i) {
    const std::size_t seed = i % seeds;
    Play(scenario, board,
         {options.policies[i / seeds], scenario.seed + seed, options.profile_error},
         options.keep_traces && seed == 0, &cells[i]);
  });

  ScenarioResult result;
  result.scenario = scenario;
  result.board = emulator::BoardLabel(board);
  result.profile_error = options.profile_error;
  result.simulated_s = scenario.length_s * static_cast<double>(cells.size());
  for (std::size_t policy = 0; policy < options.policies.size(); ++policy) {
    std::vector<RunMetrics> runs;
    const absl::Status& first = cells[policy * seeds].status;
    if (options.policies[policy] == "oracle" && absl::IsFailedPrecondition(first)) {
      result.notes.emplace_back(first.message());
      continue;
    }
    for (std::size_t seed = 0; seed < seeds; ++seed) {
      Cell& cell = cells[policy * seeds + seed];
      if (!cell.status.ok()) return cell.status;
      runs.push_back(std::move(cell.metrics));
      if (cell.trace) result.traces.push_back(*std::move(cell.trace));
    }
    result.policies.push_back(Summarise(std::move(runs)));
  }
  if (result.policies.empty())
    return cells.empty() ? absl::InvalidArgumentError("no policy is named") : cells.front().status;
  const auto oracle =
      std::find_if(result.policies.begin(), result.policies.end(),
                   [](const PolicySummary& summary) { return summary.policy == "oracle"; });
  for (const PolicySummary& summary : result.policies) {
    if (&summary != &result.policies.front()) {
      result.comparisons.push_back(CompareEnergy(summary, result.policies.front()));
    }
    if (oracle != result.policies.end() && summary.policy != "oracle") {
      result.to_oracle.push_back(CompareEnergy(summary, *oracle));
    }
  }
  return result;
}

}  // namespace dynofa::scenario
