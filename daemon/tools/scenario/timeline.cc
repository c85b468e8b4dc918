#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/strings.h"
#include "daemon/tools/report/axis.h"
#include "daemon/tools/report/svg.h"
#include "daemon/tools/report/text.h"
#include "daemon/tools/scenario/report.h"

namespace dynofa::tools::scenario {
namespace {

using dynofa::scenario::BoardSample;
using dynofa::scenario::Caps;
using dynofa::scenario::End;
using dynofa::scenario::Mark;
using dynofa::scenario::RequestRecord;
using dynofa::scenario::Scenario;
using dynofa::scenario::Trace;
using report::Axis;
using report::Fixed;
using report::Marker;
using report::Svg;

// Pixels.
constexpr double kLeft = 70;
constexpr double kPlotWidth = 800;
constexpr double kRight = 130;
constexpr double kPanelHeight = 110;
constexpr double kGap = 26;
constexpr double kTop = 30;
constexpr double kBottom = 40;
constexpr double kLegendRow = 16;
constexpr double kMarkRow = 15;
constexpr int kPanels = 5;
/// So many columns of dots at most; of the requests in a column the latest answer is shown.
constexpr int kColumns = 400;

// Okabe and Ito's colours, which people with any colour vision can tell apart.
constexpr char kStyle[] = R"(text { font: 11px system-ui, sans-serif; fill: #24292f; }
.page { fill: #ffffff; }
.title { font-size: 12px; font-weight: 600; }
.middle { text-anchor: middle; }
.end { text-anchor: end; }
.grid { stroke: #e3e7eb; stroke-width: 1; }
.frame { fill: none; stroke: #8c959f; stroke-width: 1; }
.event { stroke: #57606a; stroke-width: 1; stroke-dasharray: 2 3; }
.line { fill: none; stroke-width: 1.4; stroke-linejoin: round; }
.limit { fill: none; stroke-width: 1.2; stroke-dasharray: 5 3; }
.dot { stroke: none; fill-opacity: 0.7; }
.lost { fill: none; stroke-width: 1.2; }
.f0 { fill: #0072b2; } .f1 { fill: #d55e00; } .f2 { fill: #009e73; } .f3 { fill: #cc79a7; }
.f4 { fill: #e69f00; } .f5 { fill: #56b4e9; } .f6 { fill: #8a7f00; } .f7 { fill: #000000; }
.s0 { stroke: #0072b2; } .s1 { stroke: #d55e00; } .s2 { stroke: #009e73; } .s3 { stroke: #cc79a7; }
.s4 { stroke: #e69f00; } .s5 { stroke: #56b4e9; } .s6 { stroke: #8a7f00; } .s7 { stroke: #000000; }
)";

using Points = std::vector<std::pair<double, double>>;

std::string Colour(const char* kind, std::size_t index) { return base::StrCat(kind, index % 8); }

Marker MarkerOf(std::size_t index) {
  constexpr Marker kMarkers[] = {Marker::kCircle, Marker::kSquare, Marker::kDiamond,
                                 Marker::kTriangle, Marker::kInvertedTriangle};
  return kMarkers[index % 5];
}

/// A line that keeps each value until the next one, for `value` of (x, y) pairs.
Points Steps(const Points& points, double end_x) {
  Points steps;
  for (const auto& [x, y] : points) {
    if (!steps.empty()) steps.emplace_back(x, steps.back().second);
    steps.emplace_back(x, y);
  }
  if (!steps.empty()) steps.emplace_back(end_x, steps.back().second);
  return steps;
}

class Timeline {
 public:
  Timeline(const Scenario& scenario, const Trace& trace)
      : scenario_(scenario),
        trace_(trace),
        x_(Axis::Linear(0.0, trace.length_s, kLeft, kLeft + kPlotWidth)),
        svg_(kLeft + kPlotWidth + kRight, Height(trace), kStyle) {}

  std::string Draw() {
    svg_.Rectangle(0, 0, kLeft + kPlotWidth + kRight, Height(trace_), "page");
    svg_.Text(kLeft, 16, base::StrCat(trace_.policy, ", seed ", trace_.seed, " (emulated)"),
              "title");
    DrawLatency();
    DrawSubnets();
    DrawClocks();
    DrawTemperature();
    DrawPower();
    DrawTime();
    DrawMarks();
    return svg_.Finish();
  }

 private:
  static double PanelTop(int panel) { return kTop + panel * (kPanelHeight + kGap); }
  static double MarksTop() { return PanelTop(kPanels) - kGap + kBottom; }
  static double Height(const Trace& trace) {
    return MarksTop() + kMarkRow * static_cast<double>(trace.marks.size()) + 10;
  }

  /// Frame, grid and labels of a panel; its vertical axis.
  Axis Panel(int panel, const std::string& title, double low, double high, int digits) {
    const double top = PanelTop(panel) + 12;
    const double bottom = PanelTop(panel) + kPanelHeight;
    if (!(high > low)) high = low + 1.0;
    const Axis axis = Axis::Linear(low, high, bottom, top);
    svg_.Text(kLeft, top - 4, title, "label");
    for (const double tick : axis.Ticks(4)) {  // adding 0 makes 0 of -0
      svg_.Line(kLeft, axis.Pixel(tick), kLeft + kPlotWidth, axis.Pixel(tick), "grid");
      svg_.Text(kLeft - 6, axis.Pixel(tick) + 4, Fixed(tick + 0.0, digits), "end");
    }
    for (const Mark& mark : trace_.marks) {
      svg_.Line(x_.Pixel(mark.at_s), top, x_.Pixel(mark.at_s), bottom, "event");
    }
    svg_.Rectangle(kLeft, top, kPlotWidth, bottom - top, "frame");
    return axis;
  }

  void Legend(int panel, std::size_t row, const std::string& text, std::size_t colour,
              bool marker) {
    const double x = kLeft + kPlotWidth + 10;
    const double y = PanelTop(panel) + 20 + kLegendRow * static_cast<double>(row);
    if (marker) {
      svg_.Mark(MarkerOf(colour), x + 6, y - 4, 3, "dot " + Colour("f", colour), "");
    } else {
      svg_.Line(x, y - 4, x + 12, y - 4, "line " + Colour("s", colour));
    }
    svg_.Text(x + 18, y, text, "label");
  }

  /// Of each client's requests in a column, the one that took longest.
  std::vector<const RequestRecord*> Shown(std::size_t client) const {
    std::vector<const RequestRecord*> columns(kColumns, nullptr);
    for (const RequestRecord& request : trace_.requests) {
      if (request.client != client) continue;
      const auto column = std::min<std::size_t>(
          static_cast<std::size_t>(request.scheduled_s / trace_.length_s * kColumns), kColumns - 1);
      const RequestRecord*& shown = columns[column];
      if (shown == nullptr || Rank(request) > Rank(*shown)) shown = &request;
    }
    std::erase(columns, nullptr);
    return columns;
  }
  static double Rank(const RequestRecord& request) {
    return request.end == End::kAnswered ? request.response_ms
                                         : std::numeric_limits<double>::infinity();
  }

  /// High enough for targets and most answers; what lies above is drawn at the edge.
  double HighestMs() const {
    double highest = 1.0;
    std::vector<double> responses;
    for (const RequestRecord& request : trace_.requests) {
      highest = std::max(highest, 1.3 * request.target_ms.value_or(0.0));
      if (request.end == End::kAnswered) responses.push_back(request.response_ms);
    }
    if (responses.empty()) return highest;
    const double most = dynofa::scenario::Percentile(responses, 0.99);
    return std::max(std::min(most * 1.1, 3.0 * highest), highest);
  }

  void DrawLatency() {
    const double highest = HighestMs();
    const Axis y = Panel(0, "latency and target, ms (crosses: no answer)", 0.0, highest, 0);
    for (std::size_t client = 0; client < trace_.clients.size(); ++client) {
      Points targets;
      for (const RequestRecord& request : trace_.requests) {
        if (request.client != client || !request.target_ms) continue;
        const double pixel = y.Pixel(*request.target_ms);
        if (targets.empty() || targets.back().second != pixel) {
          targets.emplace_back(x_.Pixel(request.scheduled_s), pixel);
        }
      }
      for (const RequestRecord* request : Shown(client)) DrawRequest(*request, y, highest);
      if (!targets.empty()) {
        svg_.Polyline(Steps(targets, kLeft + kPlotWidth), "limit " + Colour("s", client));
      }
      Legend(0, client, trace_.clients[client], client, true);
    }
  }

  void DrawRequest(const RequestRecord& request, const Axis& y, double highest) {
    const double x = x_.Pixel(request.scheduled_s);
    if (request.end == End::kAnswered) {
      svg_.Mark(MarkerOf(request.client), x, y.Pixel(std::min(request.response_ms, highest)), 1.8,
                "dot " + Colour("f", request.client), "");
      return;
    }
    const double top = y.Pixel(highest);
    const std::string style = "lost " + Colour("s", request.client);
    svg_.Line(x - 2, top - 2, x + 2, top + 2, style);
    svg_.Line(x - 2, top + 2, x + 2, top - 2, style);
  }

  void DrawSubnets() {
    double low = 100.0;
    double high = 0.0;
    for (const auto& model : scenario_.models) {
      for (const auto& subnet : model.info.catalogue) {
        low = std::min(low, 100.0 * subnet.accuracy);
        high = std::max(high, 100.0 * subnet.accuracy);
      }
    }
    const Axis y = Panel(1, "subnet, by its accuracy in %", low - 0.5, high + 0.5, 1);
    for (std::size_t client = 0; client < trace_.clients.size(); ++client) {
      Points points;
      for (const RequestRecord* request : Shown(client)) {
        if (request->end != End::kAnswered) continue;
        points.emplace_back(x_.Pixel(request->scheduled_s), y.Pixel(100.0 * request->accuracy));
      }
      if (!points.empty()) {
        const double last = points.back().first;
        svg_.Polyline(Steps(points, last), "line " + Colour("s", client));
      }
    }
  }

  using Value = std::function<double(const BoardSample&)>;

  void DrawSamples(const Axis& y, const Value& value, std::size_t colour) {
    Points points;
    const std::size_t step = std::max<std::size_t>(trace_.samples.size() / 800, 1);
    for (std::size_t i = 0; i < trace_.samples.size(); i += step) {
      const BoardSample& sample = trace_.samples[i];
      points.emplace_back(x_.Pixel(sample.end_s), y.Pixel(value(sample)));
    }
    svg_.Polyline(points, "line " + Colour("s", colour));
  }

  double Highest(const Value& value) const {
    double highest = 0.0;
    for (const BoardSample& sample : trace_.samples) highest = std::max(highest, value(sample));
    return highest;
  }

  void DrawClocks() {
    double highest = 0.0;
    const auto mhz = [](std::size_t cluster) {
      return [cluster](const BoardSample& sample) {
        return static_cast<double>(sample.clusters[cluster].khz) * 1e-3;
      };
    };
    for (std::size_t i = 0; i < trace_.clusters.size(); ++i) {
      highest = std::max(highest, Highest(mhz(i)));
    }
    const Axis y = Panel(2, "clock, MHz", 0.0, highest * 1.1, 0);
    for (std::size_t i = 0; i < trace_.clusters.size(); ++i) {
      DrawSamples(y, mhz(i), i);
      Legend(2, i, trace_.clusters[i], i, false);
    }
  }

  void DrawTemperature() {
    double highest = 0.0;
    double lowest = 200.0;
    for (const BoardSample& sample : trace_.samples) {
      for (const BoardSample::Cluster& cluster : sample.clusters) {
        highest = std::max(highest, cluster.temperature_c);
        lowest = std::min(lowest, cluster.temperature_c);
      }
    }
    const Axis y = Panel(3, "temperature, degrees C", lowest - 2.0, highest + 2.0, 0);
    for (std::size_t i = 0; i < trace_.clusters.size(); ++i) {
      DrawSamples(
          y, [i](const BoardSample& sample) { return sample.clusters[i].temperature_c; }, i);
    }
  }

  void DrawPower() {
    const Value power = [](const BoardSample& sample) { return sample.power_w; };
    double highest = Highest(power);
    for (const Caps& caps : trace_.caps) {
      const double cap = caps.max_power_w.value_or(0.0);
      if (cap < 2.0 * highest) highest = std::max(highest, cap);
    }
    const Axis y = Panel(4, "power of the board, W (dashed: the cap)", 0.0, highest * 1.1, 1);
    DrawSamples(y, power, 7);
    for (std::size_t i = 0; i < trace_.caps.size(); ++i) {
      const Caps& caps = trace_.caps[i];
      const double until = i + 1 < trace_.caps.size() ? trace_.caps[i + 1].from_s : trace_.length_s;
      if (!caps.max_power_w || *caps.max_power_w > highest) continue;
      const double cap = y.Pixel(*caps.max_power_w);
      svg_.Line(x_.Pixel(caps.from_s), cap, x_.Pixel(until), cap, "limit " + Colour("s", 1));
    }
  }

  void DrawTime() {
    const double bottom = PanelTop(kPanels - 1) + kPanelHeight;
    for (const double tick : x_.Ticks(10)) {
      svg_.Text(x_.Pixel(tick), bottom + 14, Fixed(tick + 0.0, 0), "middle");
    }
    svg_.Text(kLeft + kPlotWidth, bottom + 28, "time, s", "end");
  }

  void DrawMarks() {
    for (std::size_t i = 0; i < trace_.marks.size(); ++i) {
      const Mark& mark = trace_.marks[i];
      svg_.Text(kLeft, MarksTop() + kMarkRow * static_cast<double>(i + 1) - 8,
                base::StrCat(Fixed(mark.at_s, 1), " s: ", mark.text), "label");
    }
  }

  const Scenario& scenario_;
  const Trace& trace_;
  const Axis x_;
  Svg svg_;
};

}  // namespace

std::string TimelineSvg(const Scenario& scenario, const Trace& trace) {
  return Timeline(scenario, trace).Draw();
}

}  // namespace dynofa::tools::scenario
