#include "daemon/tools/latency.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <numeric>
#include <random>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/engine/ofa/synthetic.h"
#include "daemon/tools/statistics.h"
#include "daemon/tools/timed_run.h"

namespace dynofa::tools {
namespace {

// One subnet and what its rounds gave.
struct Series {
  std::shared_ptr<const engine::PreparedSubnet> subnet;
  std::vector<float> image;
  std::vector<double> round_ms;
};

absl::StatusOr<std::vector<Series>> Prepare(engine::Supernet& supernet,
                                            const std::vector<std::string>& subnets) {
  std::vector<Series> all;
  for (const std::string& id : subnets) {
    DYNOFA_ASSIGN_OR_RETURN(auto subnet, supernet.Prepare(id));
    const auto side = static_cast<std::size_t>(subnet->info().resolution);
    all.push_back({std::move(subnet), engine::ofa::SyntheticValues("image", side * side * 3, 2.0)});
  }
  return all;
}

absl::StatusOr<double> MedianMs(const Series& series, int runs, std::vector<float>& logits,
                                engine::Workspace& workspace) {
  const auto run = [&] { return series.subnet->Run(series.image, logits, workspace); };
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<double> times, UsefulTimes(runs, run));
  return Median(times);
}

Latency Summary(const std::vector<double>& round_ms) {
  const auto [low, high] = std::minmax_element(round_ms.begin(), round_ms.end());
  return {Median(round_ms), *low, *high};
}

}  // namespace

absl::StatusOr<std::vector<Latency>> MeasureLatencies(engine::Supernet& supernet,
                                                      const std::vector<std::string>& subnets,
                                                      const LatencyOptions& options) {
  if (options.rounds < 1 || options.runs < 1) {
    return absl::InvalidArgumentError("latency needs at least one round of one run");
  }
  DYNOFA_ASSIGN_OR_RETURN(std::vector<Series> all, Prepare(supernet, subnets));
  DYNOFA_ASSIGN_OR_RETURN(const auto workspace, supernet.NewWorkspace(options.threads));
  std::vector<float> logits(static_cast<std::size_t>(supernet.info().classes));
  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937_64 random(options.seed);
  for (int round = 0; round < options.rounds; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    for (std::size_t i : order) {
      DYNOFA_ASSIGN_OR_RETURN(const double ms, MedianMs(all[i], options.runs, logits, *workspace));
      all[i].round_ms.push_back(ms);
    }
  }
  std::vector<Latency> latencies;
  for (const Series& series : all) latencies.push_back(Summary(series.round_ms));
  return latencies;
}

}  // namespace dynofa::tools
