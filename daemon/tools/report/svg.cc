#include "daemon/tools/report/svg.h"

#include "daemon/base/strings.h"
#include "daemon/tools/report/text.h"

namespace dynofa::tools::report {
namespace {

std::string Number(double value) { return Fixed(value, 1); }

std::string Attribute(const char* name, double value) {
  return base::StrCat(" ", name, "=\"", Number(value), "\"");
}

std::string Class(const std::string& style) {
  return base::StrCat(" class=\"", XmlEscaped(style), "\"");
}

std::string Path(const std::vector<std::pair<double, double>>& points) {
  std::string path;
  for (const auto& [x, y] : points) {
    path += base::StrCat(path.empty() ? "M" : "L", Number(x), " ", Number(y));
  }
  return path;
}

std::vector<std::pair<double, double>> Corners(Marker marker, double x, double y, double r) {
  switch (marker) {
    case Marker::kSquare:
      return {{x - r, y - r}, {x + r, y - r}, {x + r, y + r}, {x - r, y + r}};
    case Marker::kDiamond:
      return {{x, y - 1.3 * r}, {x + 1.3 * r, y}, {x, y + 1.3 * r}, {x - 1.3 * r, y}};
    case Marker::kTriangle:
      return {{x, y - 1.2 * r}, {x + 1.2 * r, y + r}, {x - 1.2 * r, y + r}};
    case Marker::kInvertedTriangle:
      return {{x, y + 1.2 * r}, {x + 1.2 * r, y - r}, {x - 1.2 * r, y - r}};
    case Marker::kCircle:
      break;
  }
  return {};
}

}  // namespace

Svg::Svg(double width, double height, const std::string& style_sheet)
    : body_(base::StrCat("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", Number(width),
                         " ", Number(height), "\"", Attribute("width", width),
                         Attribute("height", height), " role=\"img\">\n<style>\n", style_sheet,
                         "</style>\n")) {}

void Svg::Rectangle(double x, double y, double width, double height, const std::string& style) {
  body_ += base::StrCat("<rect", Attribute("x", x), Attribute("y", y), Attribute("width", width),
                        Attribute("height", height), Class(style), "/>\n");
}

void Svg::Line(double x1, double y1, double x2, double y2, const std::string& style) {
  body_ += base::StrCat("<line", Attribute("x1", x1), Attribute("y1", y1), Attribute("x2", x2),
                        Attribute("y2", y2), Class(style), "/>\n");
}

void Svg::Polyline(const std::vector<std::pair<double, double>>& points, const std::string& style) {
  body_ += base::StrCat("<path d=\"", Path(points), "\"", Class(style), "/>\n");
}

void Svg::Mark(Marker marker, double x, double y, double radius, const std::string& style,
               const std::string& tip) {
  const std::string title = tip.empty() ? "" : base::StrCat("<title>", XmlEscaped(tip), "</title>");
  if (marker == Marker::kCircle) {
    body_ += base::StrCat("<circle", Attribute("cx", x), Attribute("cy", y), Attribute("r", radius),
                          Class(style), ">", title, "</circle>\n");
    return;
  }
  body_ += base::StrCat("<path d=\"", Path(Corners(marker, x, y, radius)), "Z\"", Class(style), ">",
                        title, "</path>\n");
}

void Svg::Text(double x, double y, const std::string& text, const std::string& style,
               bool upwards) {
  const std::string turn =
      upwards ? base::StrCat(" transform=\"rotate(-90 ", Number(x), " ", Number(y), ")\"") : "";
  body_ += base::StrCat("<text", Attribute("x", x), Attribute("y", y), turn, Class(style), ">",
                        XmlEscaped(text), "</text>\n");
}

}  // namespace dynofa::tools::report
