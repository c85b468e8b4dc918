#ifndef DYNOFA_DAEMON_SCENARIO_RULES_STATISTICS_H_
#define DYNOFA_DAEMON_SCENARIO_RULES_STATISTICS_H_

#include <cstdint>
#include <string_view>
#include <vector>

namespace dynofa::scenario {

/// A mean with its 95 % confidence interval: mean +- half_width, by Student's t. With one value the
/// interval is unknown (NaN); without any, all is NaN.
struct Interval {
  double mean = 0.0;
  double half_width = 0.0;
  std::size_t count = 0;
};

Interval MeanInterval(const std::vector<double>& values);

/// The t of which a t-distributed variable of `degrees` >= 1 degrees of freedom stays below in
/// `probability` (in (0.5, 1)) of the cases.
double StudentQuantile(double probability, int degrees);

/// The regularised incomplete beta function I_x(a, b), 0 <= x <= 1, a and b > 0.
double RegularisedBeta(double x, double a, double b);

/// P[Bin(n, p) <= t].
double BinomialAtMost(std::int64_t t, std::int64_t n, double p);

/// What `late` of `count` requests over the limit say about "at least `percentile` percent are
/// within it" at 99 % confidence: the early-stopping rule of MLPerf Inference (d = 0, c = 0.99).
enum class Verdict {
  kHolds,      ///< so few late ones would be that unlikely if it did not hold
  kFails,      ///< so many late ones would be that unlikely if it held
  kUndecided,  ///< too few requests to say
};

Verdict EarlyStopping(double percentile, std::int64_t count, std::int64_t late);

/// The least number of requests with which `late` late ones pass.
std::int64_t QueriesNeeded(double percentile, std::int64_t late);

/// "holds", "fails" or "undecided".
std::string_view VerdictName(Verdict verdict);

/// The smallest value that at least `fraction` of `values` do not exceed. REQUIRES: not empty.
double Percentile(std::vector<double> values, double fraction);

}  // namespace dynofa::scenario

#endif  // DYNOFA_DAEMON_SCENARIO_RULES_STATISTICS_H_
