#include "daemon/tools/report/axis.h"

#include <cmath>

namespace dynofa::tools::report {
namespace {

// Leaves room for what does not divide exactly.
constexpr double kSlack = 1e-9;

std::vector<double> LinearTicks(double low, double high, int count) {
  const double rough = (high - low) / count;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10.0 * power;
  for (const double factor : {5.0, 2.0, 1.0}) {
    if (factor * power >= rough * (1.0 - kSlack)) step = factor * power;
  }
  std::vector<double> ticks;
  for (double i = std::ceil(low / step - kSlack); i * step <= high * (1.0 + kSlack); ++i) {
    ticks.push_back(i * step);
  }
  return ticks;
}

std::vector<double> LogarithmicTicks(double low, double high) {
  std::vector<double> ticks;
  for (double power = std::pow(10.0, std::floor(std::log10(low))); power <= high; power *= 10.0) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      const double tick = factor * power;
      if (tick >= low * (1.0 - kSlack) && tick <= high * (1.0 + kSlack)) ticks.push_back(tick);
    }
  }
  return ticks;
}

}  // namespace

Axis::Axis(bool logarithmic, double low, double high, double from, double to)
    : logarithmic_(logarithmic), low_(low), high_(high), from_(from), to_(to) {}

Axis Axis::Linear(double low, double high, double from, double to) {
  return Axis(false, low, high, from, to);
}

Axis Axis::Logarithmic(double low, double high, double from, double to) {
  return Axis(true, low, high, from, to);
}

double Axis::Pixel(double value) const {
  const double share = logarithmic_ ? std::log(value / low_) / std::log(high_ / low_)
                                    : (value - low_) / (high_ - low_);
  return from_ + share * (to_ - from_);
}

std::vector<double> Axis::Ticks(int count) const {
  return logarithmic_ ? LogarithmicTicks(low_, high_) : LinearTicks(low_, high_, count);
}

}  // namespace dynofa::tools::report
