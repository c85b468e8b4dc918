#include "daemon/scenario/rules/statistics.h"

#include <cmath>
#include <utility>
#include <vector>

#include "tests/support/catch.h"

namespace dynofa::scenario {
namespace {

TEST_CASE("Student's t has the quantiles of the tables") {
  CHECK(StudentQuantile(0.975, 1) == Approx(12.706).epsilon(1e-4));
  CHECK(StudentQuantile(0.975, 4) == Approx(2.776).epsilon(1e-3));
  CHECK(StudentQuantile(0.975, 19) == Approx(2.093).epsilon(1e-3));
  CHECK(StudentQuantile(0.975, 100000) == Approx(1.960).epsilon(1e-3));
}

TEST_CASE("the incomplete beta function agrees with closed forms") {
  CHECK(RegularisedBeta(0.3, 1.0, 1.0) == Approx(0.3));
  CHECK(RegularisedBeta(0.3, 2.0, 1.0) == Approx(0.09));
  CHECK(RegularisedBeta(0.3, 1.0, 3.0) == Approx(1.0 - 0.7 * 0.7 * 0.7));
  CHECK(RegularisedBeta(0.5, 40.0, 40.0) == Approx(0.5));
  CHECK(RegularisedBeta(0.0, 2.0, 2.0) == 0.0);
  CHECK(RegularisedBeta(1.0, 2.0, 2.0) == 1.0);
}

TEST_CASE("the binomial distribution agrees with its sum") {
  for (const double p : {0.01, 0.1, 0.6}) {
    double sum = 0.0;
    double term = std::pow(1.0 - p, 30);
    for (int k = 0; k < 30; ++k) {
      sum += term;
      CHECK(BinomialAtMost(k, 30, p) == Approx(sum));
      term *= p / (1.0 - p) * (30 - k) / (k + 1);
    }
  }
  CHECK(BinomialAtMost(-1, 30, 0.1) == 0.0);
  CHECK(BinomialAtMost(30, 30, 0.1) == 1.0);
}

TEST_CASE("early stopping needs as many queries as the rules of MLPerf say") {
  const std::vector<std::pair<double, std::vector<std::int64_t>>> table = {
      {90.0, {44, 64, 81, 127, 197, 325}},
      {95.0, {90, 130, 165, 259, 398, 656}},
      {99.0, {459, 662, 838, 1307, 2010, 3304}},
      {99.9, {4603, 6636, 8403, 13105, 20140, 33097}}};
  const std::vector<std::int64_t> late = {0, 1, 2, 5, 10, 20};
  for (const auto& [percentile, needed] : table) {
    for (std::size_t i = 0; i < late.size(); ++i) {
      CHECK(QueriesNeeded(percentile, late[i]) == needed[i]);
      CHECK(EarlyStopping(percentile, needed[i], late[i]) == Verdict::kHolds);
      CHECK(EarlyStopping(percentile, needed[i] - 1, late[i]) == Verdict::kUndecided);
    }
  }
}

TEST_CASE("far too many late ones fail, and nothing is known without requests") {
  CHECK(EarlyStopping(99.0, 1000, 100) == Verdict::kFails);
  CHECK(EarlyStopping(99.0, 1000, 12) == Verdict::kUndecided);
  CHECK(EarlyStopping(99.0, 0, 0) == Verdict::kUndecided);
  CHECK(EarlyStopping(90.0, 3, 3) == Verdict::kFails);
}

TEST_CASE("an interval needs two values") {
  CHECK(std::isnan(MeanInterval({}).mean));
  CHECK(MeanInterval({3.0}).mean == 3.0);
  CHECK(std::isnan(MeanInterval({3.0}).half_width));
  const Interval interval = MeanInterval({1.0, 2.0, 3.0, 4.0, 5.0});
  CHECK(interval.mean == Approx(3.0));
  CHECK(interval.half_width == Approx(2.776 * std::sqrt(2.5 / 5.0)).epsilon(1e-3));
  CHECK(MeanInterval({2.0, 2.0}).half_width == 0.0);
}

TEST_CASE("a percentile is one of the values") {
  CHECK(Percentile({3.0, 1.0, 2.0}, 0.5) == 2.0);
  CHECK(Percentile({3.0, 1.0, 2.0}, 0.99) == 3.0);
  CHECK(Percentile({3.0}, 0.0) == 3.0);
}

}  // namespace
}  // namespace dynofa::scenario
