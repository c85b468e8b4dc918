#ifndef DYNOFA_DAEMON_TOOLS_SEARCH_LATENCY_TABLE_H_
#define DYNOFA_DAEMON_TOOLS_SEARCH_LATENCY_TABLE_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/engine/ofa/architecture.h"
#include "daemon/tools/search/space.h"

namespace dynofa::tools::search {

/// The keys of a net's parts: stem, blocks in order, tail. Parts of equal shapes have equal keys,
/// wherever they stand.
std::vector<std::string> PartKeys(const engine::ofa::NetPlan& plan);

/// What a line of straight-line correction does: measured = offset + factor * sum.
struct Correction {
  double offset_ms = 0.0;
  double factor = 1.0;
};

/// How far latencies from the table are from those of whole nets.
struct TableError {
  double mean = 0.0;  ///< mean of |predicted / measured - 1|
  double bias = 0.0;  ///< median of predicted / measured, 1 is best
  std::size_t subnets = 0;
};

/// Latencies of parts of nets, measured once; the latency of a subnet is the sum of its parts',
/// corrected by a straight line if one was fitted.
class LatencyTable {
 public:
  /// Adds one measurement of the parts of `plan` (as PartTimer gives them, ms). REQUIRES: one per
  /// part. A part that is measured more than once counts with its median.
  void Add(const engine::ofa::NetPlan& plan, const std::vector<double>& parts_ms);

  /// Sum of the parts, ms. NOT_FOUND names a part that was never measured.
  absl::StatusOr<double> Sum(const engine::ofa::NetPlan& plan) const;

  /// The sum after the correction.
  absl::StatusOr<double> Latency(const engine::ofa::NetPlan& plan) const;

  void set_correction(const Correction& correction) { correction_ = correction; }
  const Correction& correction() const { return correction_; }

  /// Median of each part, ms.
  std::map<std::string, double, std::less<>> Entries() const;

 private:
  std::map<std::string, std::vector<double>, std::less<>> measured_;
  Correction correction_;
};

/// Subnets whose parts are all parts that the space has: for every resolution, kernel and
/// expansion the deepest net that has them throughout.
std::vector<SubnetConfig> TableSubnets(const Space& space);

/// The line with the smallest relative squared error. REQUIRES: as many sums as measurements, all
/// above 0. With fewer than 2, or where no rising line fits, only a factor.
Correction FitCorrection(const std::vector<double>& sums, const std::vector<double>& measured);

/// REQUIRES: as many predictions as measurements, at least one, all above 0.
TableError CompareLatencies(const std::vector<double>& predicted,
                            const std::vector<double>& measured);

}  // namespace dynofa::tools::search

#endif  // DYNOFA_DAEMON_TOOLS_SEARCH_LATENCY_TABLE_H_
