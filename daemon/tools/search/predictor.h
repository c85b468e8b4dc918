#ifndef DYNOFA_DAEMON_TOOLS_SEARCH_PREDICTOR_H_
#define DYNOFA_DAEMON_TOOLS_SEARCH_PREDICTOR_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/tools/search/sampling.h"
#include "daemon/tools/search/space.h"

namespace dynofa::tools::search {

/// A subnet as numbers: per block one place per kernel and per expansion (all zero where the block
/// does not run), one place per resolution, and the logarithm of its multiply-adds. The places of
/// MIT's accuracy predictor for this family, and the cost.
std::vector<double> Encode(const Space& space, const SubnetConfig& config);

/// How far predictions are off on subnets that took no part in the fit.
struct PredictionError {
  double rmse = 0.0;      ///< in the unit of what is predicted
  double bias = 0.0;      ///< mean of predicted - measured: a common offset that misleads no choice
  double spearman = 0.0;  ///< rank correlation, 1 is best
  double kendall = 0.0;   ///< tau-b
  std::size_t subnets = 0;
};

/// Predicts the accuracy of subnets: ridge regression on the encoding and the products of every
/// two of its places, in its dual form (a quadratic kernel), since the products outnumber the
/// samples. The strength of the ridge is the one that does best at leaving one sample out.
/// Deterministic. Immutable.
class AccuracyPredictor {
 public:
  /// INVALID_ARGUMENT for fewer than 8 samples.
  static absl::StatusOr<AccuracyPredictor> Fit(const Space& space,
                                               const std::vector<Sample>& samples);

  /// Not limited to [0, 1].
  double Predict(const SubnetConfig& config) const;

 private:
  AccuracyPredictor() = default;

  /// The last place of an encoding, as the kernel sees it.
  double Centred(double cost) const;

  Space space_;
  double mean_ = 0.0;
  double cost_mean_ = 0.0;  ///< of the last place, the logarithm
  std::vector<std::vector<double>> encodings_;
  std::vector<double> weights_;  ///< one per sample
};

/// Fits `folds` times without one part of the samples (dealt with `seed`) and predicts that part.
absl::StatusOr<PredictionError> CrossValidate(const Space& space,
                                              const std::vector<Sample>& samples, int folds,
                                              std::uint64_t seed);

/// Compares two series of the same length, at least 2.
PredictionError Compare(const std::vector<double>& predicted, const std::vector<double>& measured);

}  // namespace dynofa::tools::search

#endif  // DYNOFA_DAEMON_TOOLS_SEARCH_PREDICTOR_H_
