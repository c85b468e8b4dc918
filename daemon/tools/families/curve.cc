#include "daemon/tools/families/curve.h"

#include <algorithm>
#include <utility>

#include "policies/pareto.h"

namespace dynofa::tools::families {
namespace {

// The value at `x` of the line through (x0, y0) and (x1, y1).
double Interpolate(double x, double x0, double y0, double x1, double y1) {
  return y0 + (y1 - y0) * (x - x0) / (x1 - x0);
}

}  // namespace

Curve::Curve(std::vector<CurvePoint> points) : points_(std::move(points)) {
  policies::KeepPareto(points_, [](const CurvePoint& point) { return point.cost; });
}

const CurvePoint* Curve::CheapestWith(double accuracy) const {
  for (const CurvePoint& point : points_) {
    if (point.accuracy >= accuracy) return &point;
  }
  return nullptr;
}

const CurvePoint* Curve::BestWithin(double cost) const {
  const CurvePoint* best = nullptr;
  for (const CurvePoint& point : points_) {
    if (point.cost <= cost) best = &point;
  }
  return best;
}

std::optional<double> Curve::CostAt(double accuracy) const {
  const CurvePoint* above = CheapestWith(accuracy);
  if (above == nullptr || accuracy < points_.front().accuracy) return std::nullopt;
  if (above == &points_.front()) return above->cost;
  const CurvePoint& below = *(above - 1);
  return Interpolate(accuracy, below.accuracy, below.cost, above->accuracy, above->cost);
}

std::optional<double> Curve::AccuracyAt(double cost) const {
  const CurvePoint* below = BestWithin(cost);
  if (below == nullptr) return std::nullopt;
  if (below == &points_.back()) return below->accuracy;
  const CurvePoint& above = *(below + 1);
  return Interpolate(cost, below->cost, below->accuracy, above.cost, above.accuracy);
}

}  // namespace dynofa::tools::families
