#ifndef DYNOFA_DAEMON_TOOLS_SEARCH_SEARCH_H_
#define DYNOFA_DAEMON_TOOLS_SEARCH_SEARCH_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/base/clock.h"
#include "daemon/engine/ofa/weights.h"
#include "daemon/tools/latency.h"
#include "daemon/tools/search/accuracy_meter.h"
#include "daemon/tools/search/evolution.h"
#include "daemon/tools/search/ladder.h"
#include "daemon/tools/search/latency_table.h"
#include "daemon/tools/search/predictor.h"

namespace dynofa::tools::search {

struct SearchOptions {
  /// Folder for what was measured; a search with the same weights, images and protocols goes on
  /// from there.
  std::string work;
  /// Names what the accuracies in it are good for, beside weights and protocols: the images.
  std::string images_key;
  /// One search each; all on the cpu backend.
  std::vector<int> threads = {1};
  int workers = 1;  ///< threads that measure accuracy, one subnet each
  std::uint64_t seed = 1;
  std::size_t samples = 320;     ///< subnets that the predictor is fitted on at first
  std::size_t refinements = 40;  ///< of its front, measured and added before the final evolution
  std::size_t candidates = 48;   ///< of the final front, measured in full
  AccuracyProtocol sample_protocol = {512, 2000};
  AccuracyProtocol final_protocol = {2000, 5000};
  EvolutionOptions evolution;
  LadderOptions ladder;
  /// When this many seconds are over, what is under way is finished with what there is; 0: never.
  double budget_seconds = 0.0;
};

/// A subnet that was measured in full: accuracy with statistics of its own, latency of whole runs.
struct MeasuredSubnet {
  SubnetConfig config;
  double accuracy = 0.0;
  double predicted_accuracy = 0.0;
  Latency latency;
  double predicted_ms = 0.0;
  bool level = false;  ///< on the ladder
};

/// The search for one number of threads.
struct ThreadsResult {
  int threads = 1;
  std::size_t table_entries = 0;
  /// Of the plain sums, and with a line fitted on half of the subnets, both on the other half.
  TableError sum_error;
  TableError corrected_error;
  Correction correction;
  std::vector<MeasuredSubnet> candidates;  ///< by latency
};

struct SearchResult {
  std::size_t samples = 0;       ///< the predictor was fitted on, refinements included
  PredictionError sample_error;  ///< on samples that were left out of the fit in turn
  PredictionError final_error;   ///< on the candidates, against their full measurement
  bool out_of_time = false;      ///< the budget ended some step early
  std::vector<ThreadsResult> by_threads;
};

/// Says in a line what is done and, where it is known, the time that is left.
using SearchProgress = std::function<void(const std::string& line)>;

/// Searches `space` for the subnets of `model` that are worth having (Lou et al., Dynamic-OFA, ECV
/// 2021): a latency table measured here and an accuracy predictor fitted on measured subnets score
/// an evolution; what it finds is measured again, and of that the ladder is chosen. `meter`
/// measures accuracies.
absl::StatusOr<SearchResult> Search(std::shared_ptr<const engine::ofa::OfaModel> model,
                                    const Space& space, const AccuracyMeter& meter,
                                    const SearchOptions& options, const base::Clock& clock,
                                    const SearchProgress& progress);

}  // namespace dynofa::tools::search

#endif  // DYNOFA_DAEMON_TOOLS_SEARCH_SEARCH_H_
