#include "daemon/scenario/rules/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace dynofa::scenario {
namespace {

constexpr double kConfidence = 0.99;
constexpr double kTiny = 1e-300;

/// The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method.
double BetaFraction(double x, double a, double b) {
  double c = 1.0;
  double d = 1.0 - (a + b) * x / (a + 1.0);
  d = 1.0 / (std::abs(d) < kTiny ? kTiny : d);
  double result = d;
  for (int m = 1; m <= 10'000; ++m) {
    const double k = static_cast<double>(m);
    const double even = k * (b - k) * x / ((a + 2.0 * k - 1.0) * (a + 2.0 * k));
    const double odd = -(a + k) * (a + b + k) * x / ((a + 2.0 * k) * (a + 2.0 * k + 1.0));
    double change = 1.0;
    for (const double term : {even, odd}) {
      d = 1.0 + term * d;
      d = 1.0 / (std::abs(d) < kTiny ? kTiny : d);
      c = 1.0 + term / c;
      if (std::abs(c) < kTiny) c = kTiny;
      change = c * d;
      result *= change;
    }
    if (std::abs(change - 1.0) < 1e-14) break;
  }
  return result;
}

}  // namespace

double RegularisedBeta(double x, double a, double b) {
  if (x <= 0.0) return 0.0;
  if (x >= 1.0) return 1.0;
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1.0) / (a + b + 2.0)) return front * BetaFraction(x, a, b) / a;
  return 1.0 - front * BetaFraction(1.0 - x, b, a) / b;
}

double BinomialAtMost(std::int64_t t, std::int64_t n, double p) {
  if (t < 0) return 0.0;
  if (t >= n) return 1.0;
  return RegularisedBeta(1.0 - p, static_cast<double>(n - t), static_cast<double>(t) + 1.0);
}

double StudentQuantile(double probability, int degrees) {
  const double n = degrees;
  const auto below = [n](double t) {
    return 1.0 - 0.5 * RegularisedBeta(n / (n + t * t), n / 2.0, 0.5);
  };
  double low = 0.0;
  double high = 1e4;
  for (int i = 0; i < 200; ++i) {
    const double middle = (low + high) / 2.0;
    (below(middle) < probability ? low : high) = middle;
  }
  return (low + high) / 2.0;
}

Interval MeanInterval(const std::vector<double>& values) {
  const double unknown = std::numeric_limits<double>::quiet_NaN();
  if (values.empty()) return {unknown, unknown, 0};
  const auto count = static_cast<double>(values.size());
  double sum = 0.0;
  for (double value : values) sum += value;
  const double mean = sum / count;
  if (values.size() == 1) return {mean, unknown, 1};
  double squares = 0.0;
  for (double value : values) squares += (value - mean) * (value - mean);
  const double error = std::sqrt(squares / (count - 1.0) / count);
  const int degrees = static_cast<int>(values.size()) - 1;
  return {mean, StudentQuantile(0.975, degrees) * error, values.size()};
}

Verdict EarlyStopping(double percentile, std::int64_t count, std::int64_t late) {
  const double allowed = 1.0 - percentile / 100.0;
  if (BinomialAtMost(late, count, allowed) <= 1.0 - kConfidence) return Verdict::kHolds;
  if (1.0 - BinomialAtMost(late - 1, count, allowed) <= 1.0 - kConfidence) return Verdict::kFails;
  return Verdict::kUndecided;
}

std::int64_t QueriesNeeded(double percentile, std::int64_t late) {
  const double allowed = 1.0 - percentile / 100.0;
  std::int64_t high = late + 1;
  while (BinomialAtMost(late, high, allowed) > 1.0 - kConfidence) high *= 2;
  std::int64_t low = late;
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (BinomialAtMost(late, middle, allowed) <= 1.0 - kConfidence ? high : low) = middle;
  }
  return high;
}

std::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kHolds:
      return "holds";
    case Verdict::kFails:
      return "fails";
    case Verdict::kUndecided:
      return "undecided";
  }
  return "undecided";
}

double Percentile(std::vector<double> values, double fraction) {
  const double rank = std::ceil(fraction * static_cast<double>(values.size()));
  const auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(index),
                   values.end());
  return values[index];
}

}  // namespace dynofa::scenario
