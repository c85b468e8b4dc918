#ifndef DYNOFA_DAEMON_TOOLS_SEARCH_LATENCY_METER_H_
#define DYNOFA_DAEMON_TOOLS_SEARCH_LATENCY_METER_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/engine/ofa/weights.h"
#include "daemon/tools/latency.h"
#include "daemon/tools/search/figure_log.h"
#include "daemon/tools/search/latency_table.h"
#include "daemon/tools/search/space.h"

namespace dynofa::tools::search {

/// Measures the parts of all subnets of `space` on the cpu backend with `threads` threads, or takes
/// them from `log`, which has them afterwards.
absl::StatusOr<LatencyTable> MeasureTable(std::shared_ptr<const engine::ofa::OfaModel> model,
                                          const Space& space, int threads, FigureLog& log);

/// Latencies of whole subnets on the cpu backend, in their order.
absl::StatusOr<std::vector<Latency>> MeasureWhole(
    std::shared_ptr<const engine::ofa::OfaModel> model, const std::vector<SubnetConfig>& configs,
    const LatencyOptions& options);

}  // namespace dynofa::tools::search

#endif  // DYNOFA_DAEMON_TOOLS_SEARCH_LATENCY_METER_H_
