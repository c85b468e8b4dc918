#include "daemon/tools/families/measurement.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <thread>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/tools/families/processor.h"
#include "daemon/tools/families/runnable.h"

namespace dynofa::tools::families {
namespace {

using engine::cpu::BatchNormForm;

// Tells wrong results from rounding, which synthetic weights amplify layer by layer.
constexpr double kSameResult = 5e-3;

double LoadAverage() {
  double load = 0.0;
  return getloadavg(&load, 1) == 1 ? load : -1.0;
}

// The cells of all families, each graph once, and the way back to them.
class Cells {
 public:
  Cells(const std::vector<Family>& families, const std::vector<int>& threads) : threads_(threads) {
    for (const Family& family : families) {
      for (const Member& member : family.members) Add(member, BatchNormForm::kApplied);
    }
    for (const Family& family : families) AddFolded(family);
  }

  const std::vector<Cell>& cells() const { return cells_; }
  const std::vector<const Member*>& folded() const { return folded_; }

  std::size_t Find(const Member& member, std::size_t thread, BatchNormForm form) const {
    return places_.at({GraphKey(member.network), form}) + thread;
  }

 private:
  void Add(const Member& member, BatchNormForm form) {
    const auto key = std::make_pair(GraphKey(member.network), form);
    if (!places_.emplace(key, cells_.size()).second) return;
    for (const int threads : threads_) cells_.push_back({&member.network, threads, form});
  }

  // The largest network of a family that is no supernet stands for what folding would change.
  void AddFolded(const Family& family) {
    const auto largest = std::max_element(
        family.members.begin(), family.members.end(),
        [](const Member& a, const Member& b) { return a.network.cost.macs < b.network.cost.macs; });
    if (std::holds_alternative<OfaNetwork>(largest->network.graph)) return;
    if (places_.contains({GraphKey(largest->network), BatchNormForm::kFolded})) return;
    Add(*largest, BatchNormForm::kFolded);
    folded_.push_back(&*largest);
  }

  const std::vector<int> threads_;
  std::vector<Cell> cells_;
  std::map<std::pair<std::string, BatchNormForm>, std::size_t> places_;  // of the first cell
  std::vector<const Member*> folded_;
};

absl::StatusOr<double> LargestDifference(const std::vector<std::unique_ptr<Runnable>>& runnables,
                                         const MeasurementOptions& options) {
  double largest = 0.0;
  for (std::size_t i = 0; i < runnables.size(); ++i) {
    options.progress(base::StrCat("check ", i + 1, " of ", runnables.size()));
    DYNOFA_ASSIGN_OR_RETURN(const double difference, runnables[i]->DifferenceFromLibtorch());
    if (!(difference <= kSameResult)) {
      return absl::InternalError(
          base::StrCat("network ", i, " differs from libtorch by ", difference));
    }
    largest = std::max(largest, difference);
  }
  return largest;
}

absl::StatusOr<std::vector<Timing>> TimeAll(const std::vector<std::unique_ptr<Runnable>>& runnables,
                                            const MeasurementOptions& options) {
  std::vector<std::function<absl::Status()>> runs;
  for (const auto& runnable : runnables) {
    runs.emplace_back([&runnable] { return runnable->Run(); });
  }
  return TimeInterleaved(runs, options.timing, [&](int round) {
    options.progress(base::StrCat("round ", round + 1, " of ", options.timing.rounds));
  });
}

// Turns timings into the figures of the report.
class Evaluation {
 public:
  Evaluation(const Cells& cells, const std::vector<Timing>& timings, std::size_t threads)
      : cells_(cells), timings_(timings), threads_(threads) {}

  std::vector<std::vector<Spread>> Latencies(const Family& family) const {
    std::vector<std::vector<Spread>> ms;
    for (const Member& member : family.members) {
      std::vector<Spread>& own = ms.emplace_back();
      for (std::size_t t = 0; t < threads_; ++t) own.push_back(SpreadOf(Of(member, t).run_ms));
    }
    return ms;
  }

  Contest Compared(const std::vector<Family>& families, std::size_t subject,
                   std::size_t baseline) const {
    const Family& a = families[subject];
    const Family& b = families[baseline];
    Contest contest{subject, baseline, {}, {}, Compare(Macs(a), Macs(b)), {}};
    contest.published_gpu = ComparePublished(a.figure_gpu, b.figure_gpu);
    contest.published_cpu = ComparePublished(a.figure_cpu, b.figure_cpu);
    for (std::size_t t = 0; t < threads_; ++t) {
      contest.measured.push_back(Compare(Rounds(a, t), Rounds(b, t)));
    }
    return contest;
  }

  Spread Folding(const Member& member, std::size_t thread) const {
    const Timing& folded = timings_[cells_.Find(member, thread, BatchNormForm::kFolded)];
    const Timing& applied = Of(member, thread);
    std::vector<double> ratios;
    for (std::size_t r = 0; r < folded.round_ms.size(); ++r) {
      ratios.push_back(folded.round_ms[r] / applied.round_ms[r]);
    }
    return SpreadOf(ratios);
  }

 private:
  const Timing& Of(const Member& member, std::size_t thread) const {
    return timings_[cells_.Find(member, thread, BatchNormForm::kApplied)];
  }

  Series Rounds(const Family& family, std::size_t thread) const {
    Series series;
    for (const Member& member : family.members) {
      series.top1.push_back(member.top1);
      series.cost.push_back(Of(member, thread).round_ms);
    }
    return series;
  }

  static Series Macs(const Family& family) {
    Series series;
    for (const Member& member : family.members) {
      series.top1.push_back(member.top1);
      series.cost.push_back({static_cast<double>(member.network.cost.macs)});
    }
    return series;
  }

  const Cells& cells_;
  const std::vector<Timing>& timings_;
  const std::size_t threads_;
};

std::vector<Contest> AllContests(const Evaluation& evaluation,
                                 const std::vector<Family>& families) {
  std::vector<Contest> contests;
  for (std::size_t a = 0; a < families.size(); ++a) {
    for (std::size_t b = 0; b < families.size(); ++b) {
      if (!families[a].subject || families[b].subject) continue;
      contests.push_back(evaluation.Compared(families, a, b));
    }
  }
  return contests;
}

double UsefulShare(const std::vector<Timing>& timings, const TimingOptions& options) {
  double useful = 0.0;
  for (const Timing& timing : timings) useful += static_cast<double>(timing.run_ms.size());
  return useful / (static_cast<double>(timings.size()) * options.rounds * options.runs_per_round);
}

}  // namespace

absl::StatusOr<Measurement> Measure(std::vector<Family> families,
                                    const MeasurementOptions& options) {
  Measurement result;
  result.threads = options.threads;
  Conditions& conditions = result.conditions;
  conditions = {ProcessorName(),
                static_cast<int>(std::thread::hardware_concurrency()),
                LoadAverage(),
                0.0,
                options.timing.rounds,
                options.timing.runs_per_round,
                0.0};
  const Cells cells(families, options.threads);
  options.progress(base::StrCat("making ", cells.cells().size(), " networks"));
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<std::unique_ptr<Runnable>> runnables,
                          MakeRunnables(cells.cells()));
  if (options.check) {
    DYNOFA_ASSIGN_OR_RETURN(result.largest_difference, LargestDifference(runnables, options));
  }
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<Timing> timings, TimeAll(runnables, options));
  conditions.useful_share = UsefulShare(timings, options.timing);
  conditions.load_after = LoadAverage();

  const Evaluation evaluation(cells, timings, options.threads.size());
  result.contests = AllContests(evaluation, families);
  for (const Member* member : cells.folded()) {
    for (std::size_t t = 0; t < options.threads.size(); ++t) {
      result.folding.push_back({member->id, options.threads[t], evaluation.Folding(*member, t)});
    }
  }
  for (Family& family : families) {
    std::vector<std::vector<Spread>> ms = evaluation.Latencies(family);
    result.families.push_back({std::move(family), std::move(ms)});
  }
  return result;
}

}  // namespace dynofa::tools::families
