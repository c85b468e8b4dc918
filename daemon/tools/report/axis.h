#ifndef DYNOFA_DAEMON_TOOLS_REPORT_AXIS_H_
#define DYNOFA_DAEMON_TOOLS_REPORT_AXIS_H_

#include <vector>

namespace dynofa::tools::report {

/// One axis of a figure: values to pixels. Immutable.
class Axis {
 public:
  /// From `low` at pixel `from` to `high` at pixel `to`. REQUIRES: low < high, and 0 < low if
  /// logarithmic.
  static Axis Linear(double low, double high, double from, double to);
  static Axis Logarithmic(double low, double high, double from, double to);

  double Pixel(double value) const;

  /// Round values on the axis: steps of 1, 2 or 5 times a power of ten, about `count` of them;
  /// logarithmic: 1, 2 and 5 times the powers of ten.
  std::vector<double> Ticks(int count) const;

 private:
  Axis(bool logarithmic, double low, double high, double from, double to);

  bool logarithmic_;
  double low_;
  double high_;
  double from_;
  double to_;
};

}  // namespace dynofa::tools::report

#endif  // DYNOFA_DAEMON_TOOLS_REPORT_AXIS_H_
