#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/strings.h"
#include "daemon/tools/report/axis.h"
#include "daemon/tools/families/curve.h"
#include "daemon/tools/families/report.h"
#include "daemon/tools/report/svg.h"
#include "daemon/tools/report/text.h"

namespace dynofa::tools::families {
namespace {

using report::Axis;
using report::Fixed;
using report::Marker;
using report::Svg;

// Pixels.
constexpr double kPanelWidth = 430;
constexpr double kPanelHeight = 380;
constexpr double kLeft = 64;
constexpr double kTop = 62;
constexpr double kGap = 62;
constexpr double kRight = 20;
constexpr double kAxisLabels = 52;
constexpr double kLegendRow = 22;
constexpr double kLegendColumn = 185;
constexpr double kRadius = 3.6;

constexpr char kStyle[] = R"(text { font: 12px system-ui, sans-serif; fill: #24292f; }
.page { fill: #ffffff; }
.title { font-size: 15px; font-weight: 600; }
.note, .tick { fill: #57606a; }
.note, .tick, .legend { font-size: 11.5px; }
.middle { text-anchor: middle; }
.end { text-anchor: end; }
.grid { stroke: #d8dee4; stroke-width: 1; }
.frame { fill: none; stroke: #8c959f; stroke-width: 1; }
.curve { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
.subject { stroke-width: 2.8; }
.spread { stroke-width: 1; opacity: 0.4; }
.mark { stroke-width: 0; }
.beaten { fill-opacity: 0.3; }
)";
constexpr char kDarkStyle[] = R"(text { fill: #e6edf3; }
.page { fill: #0d1117; }
.note, .tick { fill: #9198a1; }
.grid { stroke: #262c36; }
.frame { stroke: #656c76; }
)";

// One family's looks. The colours are far apart in hue and in lightness, on either background.
struct Look {
  const char* light;
  const char* dark;
  Marker marker;
};
constexpr Look kLooks[] = {
    {"#cf222e", "#ff7b72", Marker::kCircle},   {"#a0520a", "#ffb77c", Marker::kInvertedTriangle},
    {"#57606a", "#b1bac4", Marker::kDiamond},  {"#0969da", "#58a6ff", Marker::kSquare},
    {"#1b7c83", "#56d4dd", Marker::kTriangle}, {"#1a7f37", "#3fb950", Marker::kCircle},
    {"#7d8b00", "#c5d65b", Marker::kSquare},   {"#8250df", "#bc8cff", Marker::kTriangle},
    {"#bf3989", "#ff80c8", Marker::kDiamond},
};

const Look& LookOf(std::size_t family) { return kLooks[family % std::size(kLooks)]; }

std::string ClassOf(std::size_t family) { return base::StrCat("f", family % std::size(kLooks)); }

std::string StyleSheet() {
  const auto colours = [](auto colour) {
    std::string rules;
    for (std::size_t i = 0; i < std::size(kLooks); ++i) {
      const char* value = kLooks[i].*colour;
      rules += base::StrCat(".", ClassOf(i), ".mark { fill: ", value, "; } .", ClassOf(i),
                            ".curve, .", ClassOf(i), ".spread { stroke: ", value, "; }\n");
    }
    return rules;
  };
  return base::StrCat(kStyle, colours(&Look::light), "@media (prefers-color-scheme: dark) {\n",
                      kDarkStyle, colours(&Look::dark), "}\n");
}

struct Bounds {
  double low = HUGE_VAL;
  double high = -HUGE_VAL;

  void Include(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

class Figure {
 public:
  explicit Figure(const Measurement& measurement)
      : m_(measurement), svg_(Width(), Height(), StyleSheet()) {
    for (const MeasuredFamily& measured : m_.families) {
      for (std::size_t i = 0; i < measured.ms.size(); ++i) {
        top1_.Include(measured.family.members[i].top1);
        for (const Spread& ms : measured.ms[i]) ms_.Include(ms.median);
      }
    }
  }

  std::string Draw() {
    svg_.Rectangle(0, 0, Width(), Height(), "page");
    svg_.Text(kLeft, 24, "Published top-1 against measured latency, per network family", "title");
    svg_.Text(kLeft, 42,
              base::StrCat("One image; ", m_.conditions.processor,
                           "; bars from the 10th to the 90th percentile; lines through the "
                           "networks that no other of the family beats"),
              "note");
    for (std::size_t t = 0; t < m_.threads.size(); ++t) Panel(t);
    Legend();
    return svg_.Finish();
  }

 private:
  double PanelLeft(std::size_t thread) const {
    return kLeft + static_cast<double>(thread) * (kPanelWidth + kGap);
  }
  double Width() const { return PanelLeft(m_.threads.size() - 1) + kPanelWidth + kRight; }
  std::size_t LegendColumns() const {
    return std::max<std::size_t>(1, static_cast<std::size_t>((Width() - kLeft) / kLegendColumn));
  }
  double LegendTop() const { return kTop + kPanelHeight + kAxisLabels; }
  double Height() const {
    const std::size_t rows = (m_.families.size() + LegendColumns() - 1) / LegendColumns();
    return LegendTop() + static_cast<double>(rows) * kLegendRow + 10;
  }

  // Ends of the axis.
  double Fastest() const { return ms_.low * 0.8; }
  double Slowest() const { return ms_.high * 1.25; }

  void Panel(std::size_t thread) {
    const double left = PanelLeft(thread);
    const Axis x = Axis::Logarithmic(Fastest(), Slowest(), left, left + kPanelWidth);
    const Axis y = Axis::Linear(top1_.low - 1.0, top1_.high + 1.0, kTop + kPanelHeight, kTop);
    Grid(x, y, left, m_.threads[thread]);
    // The subjects last, on top of all others.
    for (const bool subject : {false, true}) {
      for (std::size_t f = 0; f < m_.families.size(); ++f) {
        if (m_.families[f].family.subject == subject) DrawFamily(f, thread, x, y);
      }
    }
  }

  void Grid(const Axis& x, const Axis& y, double left, int threads) {
    const double bottom = kTop + kPanelHeight;
    for (const double tick : x.Ticks(0)) {
      svg_.Line(x.Pixel(tick), kTop, x.Pixel(tick), bottom, "grid");
      svg_.Text(x.Pixel(tick), bottom + 16, base::StrCat(tick), "tick middle");
    }
    constexpr int kTicks = 8;
    for (const double tick : y.Ticks(kTicks)) {
      svg_.Line(left, y.Pixel(tick), left + kPanelWidth, y.Pixel(tick), "grid");
      svg_.Text(left - 7, y.Pixel(tick) + 4, base::StrCat(tick), "tick end");
    }
    svg_.Rectangle(left, kTop, kPanelWidth, kPanelHeight, "frame");
    svg_.Text(left + kPanelWidth / 2, bottom + 36,
              base::StrCat("latency, ms, ", threads, threads == 1 ? " thread" : " threads",
                           " (measured, logarithmic)"),
              "middle");
    svg_.Text(left - 42, kTop + kPanelHeight / 2, "top-1, % (published)", "middle", true);
  }

  void DrawFamily(std::size_t index, std::size_t thread, const Axis& x, const Axis& y) {
    const MeasuredFamily& measured = m_.families[index];
    const std::vector<Member>& members = measured.family.members;
    std::vector<CurvePoint> points;
    for (std::size_t i = 0; i < members.size(); ++i) {
      points.push_back({measured.ms[i][thread].median, members[i].top1, i});
    }
    const Curve curve(points);
    std::vector<std::pair<double, double>> line;
    std::vector<bool> beaten(members.size(), true);
    for (const CurvePoint& point : curve.points()) {
      line.emplace_back(x.Pixel(point.cost), y.Pixel(point.accuracy));
      beaten[point.member] = false;
    }
    const std::string own = ClassOf(index);
    svg_.Polyline(line, own + (measured.family.subject ? " curve subject" : " curve"));
    for (const CurvePoint& point : points) {
      const Spread& ms = measured.ms[point.member][thread];
      const double height = y.Pixel(point.accuracy);
      // What a busy machine did to some runs does not squeeze the figure.
      svg_.Line(x.Pixel(std::max(ms.low, Fastest())), height, x.Pixel(std::min(ms.high, Slowest())),
                height, own + " spread");
      svg_.Mark(LookOf(index).marker, x.Pixel(point.cost), height, kRadius,
                own + (beaten[point.member] ? " mark beaten" : " mark"),
                base::StrCat(members[point.member].id, ": ", Fixed(point.accuracy, 1),
                             " % published, ", Fixed(point.cost, 2), " ms measured"));
    }
  }

  void Legend() {
    for (std::size_t f = 0; f < m_.families.size(); ++f) {
      const Family& family = m_.families[f].family;
      const double x = kLeft + static_cast<double>(f % LegendColumns()) * kLegendColumn;
      const double y = LegendTop() + static_cast<double>(f / LegendColumns()) * kLegendRow + 8;
      svg_.Polyline({{x, y}, {x + 26, y}},
                    ClassOf(f) + (family.subject ? " curve subject" : " curve"));
      svg_.Mark(LookOf(f).marker, x + 13, y, kRadius + 0.6, ClassOf(f) + " mark", "");
      svg_.Text(x + 34, y + 4, family.name, "legend");
    }
  }

  const Measurement& m_;
  Svg svg_;
  Bounds ms_;
  Bounds top1_;
};

}  // namespace

std::string SvgFigure(const Measurement& measurement) { return Figure(measurement).Draw(); }

}  // namespace dynofa::tools::families
