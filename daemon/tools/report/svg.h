#ifndef DYNOFA_DAEMON_TOOLS_REPORT_SVG_H_
#define DYNOFA_DAEMON_TOOLS_REPORT_SVG_H_

#include <string>
#include <utility>
#include <vector>

namespace dynofa::tools::report {

/// Shapes that stay apart when they are small and when colours do not.
enum class Marker { kCircle, kSquare, kDiamond, kTriangle, kInvertedTriangle };

/// Writes an SVG element by element. Looks come from the classes of a style sheet; all
/// coordinates are pixels, y downwards.
class Svg {
 public:
  Svg(double width, double height, const std::string& style_sheet);

  void Rectangle(double x, double y, double width, double height, const std::string& style);
  void Line(double x1, double y1, double x2, double y2, const std::string& style);
  void Polyline(const std::vector<std::pair<double, double>>& points, const std::string& style);
  /// `tip` is shown by viewers that can, when the pointer is on it; empty: none.
  void Mark(Marker marker, double x, double y, double radius, const std::string& style,
            const std::string& tip);
  /// Turned by 90 degrees to the left if `upwards`.
  void Text(double x, double y, const std::string& text, const std::string& style,
            bool upwards = false);

  /// The whole document.
  std::string Finish() const { return body_ + "</svg>\n"; }

 private:
  std::string body_;
};

}  // namespace dynofa::tools::report

#endif  // DYNOFA_DAEMON_TOOLS_REPORT_SVG_H_
