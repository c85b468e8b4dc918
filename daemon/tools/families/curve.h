#ifndef DYNOFA_DAEMON_TOOLS_FAMILIES_CURVE_H_
#define DYNOFA_DAEMON_TOOLS_FAMILIES_CURVE_H_

#include <cstddef>
#include <optional>
#include <vector>

namespace dynofa::tools::families {

/// A network as a place in a figure.
struct CurvePoint {
  double cost = 0.0;      ///< a latency, or another cost
  double accuracy = 0.0;  ///< percent
  std::size_t member = 0;
};

/// The networks of a family that no other one beats in both cost and accuracy, and the straight
/// lines between them.
class Curve {
 public:
  /// REQUIRES: at least one point.
  explicit Curve(std::vector<CurvePoint> points);

  /// Cheapest first, which is least accurate first.
  const std::vector<CurvePoint>& points() const { return points_; }

  /// The cost of an accuracy; none outside of what the family reaches.
  std::optional<double> CostAt(double accuracy) const;

  /// The accuracy to be had for a cost: that of the most accurate network if there is more to
  /// spend than it costs, none if there is less than the cheapest one costs.
  std::optional<double> AccuracyAt(double cost) const;

  /// The cheapest network with at least that accuracy, and the most accurate one within that cost;
  /// null if there is none. Owned by the curve.
  const CurvePoint* CheapestWith(double accuracy) const;
  const CurvePoint* BestWithin(double cost) const;

 private:
  std::vector<CurvePoint> points_;
};

}  // namespace dynofa::tools::families

#endif  // DYNOFA_DAEMON_TOOLS_FAMILIES_CURVE_H_
