#include "daemon/tools/evaluation_report.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace dynofa::tools {
namespace {

using nlohmann::json;

[[gnu::format(printf, 2, 3)]] void Append(std::string& text, const char* format, ...) {
  char line[256];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line, sizeof(line), format, arguments);
  va_end(arguments);
  text += line;
}

double Millions(std::int64_t count) { return 1e-6 * static_cast<double>(count); }

// Lowest and highest of a figure over the ladder.
struct Span {
  double low = 0.0;
  double high = 0.0;

  double ratio() const { return high / low; }
};

template <typename FigureOf>
Span SpanOf(const std::vector<EvaluatedSubnet>& subnets, FigureOf figure_of) {
  Span span{figure_of(subnets.front()), figure_of(subnets.front())};
  for (const EvaluatedSubnet& subnet : subnets) {
    span.low = std::min(span.low, figure_of(subnet));
    span.high = std::max(span.high, figure_of(subnet));
  }
  return span;
}

Span MacsSpan(const EvaluationReport& report) {
  return SpanOf(report.subnets,
                [](const auto& subnet) { return static_cast<double>(subnet.info.macs); });
}

Span LatencySpan(const EvaluationReport& report) {
  return SpanOf(report.subnets, [](const auto& subnet) { return subnet.latency->median_ms; });
}

json SubnetJson(const EvaluatedSubnet& subnet) {
  json object = {{"id", subnet.info.id},
                 {"resolution", subnet.config.resolution},
                 {"kernels", subnet.config.kernels},
                 {"expands", subnet.config.expands},
                 {"depths", subnet.config.depths},
                 {"macs", subnet.info.macs},
                 {"parameters", subnet.info.parameters},
                 {"layers", subnet.info.layers}};
  if (!subnet.latency) return object;
  object["latency_ms"] = subnet.latency->median_ms;
  object["latency_low_ms"] = subnet.latency->low_ms;
  object["latency_high_ms"] = subnet.latency->high_ms;
  object["latency_evidence"] = "measured";
  return object;
}

json LevelJson(const EvaluatedSubnet& subnet) {
  json object = SubnetJson(subnet);
  object["top1"] = subnet.top1();
  object["evidence"] = policies::EvidenceName(subnet.top1_evidence());
  if (subnet.images > 0) {
    object["correct"] = subnet.correct;
    object["images"] = subnet.images;
  }
  return object;
}

json SpanJson(const Span& span) {
  return {{"low", span.low}, {"high", span.high}, {"ratio", span.ratio()}};
}

// "5000 images" where they were classified, else where the figures come from.
std::string Top1Heading(const EvaluationReport& report) {
  const EvaluatedSubnet& first = report.subnets.front();
  std::string heading = "top-1 (";
  heading += policies::EvidenceName(first.top1_evidence());
  if (first.images > 0) Append(heading, ", %zu images", first.images);
  return heading + ")";
}

void AppendSpans(const EvaluationReport& report, std::string& text) {
  const Span macs = MacsSpan(report);
  Append(text, "span: %.2f to %.2f million multiply-adds (x%.1f, counted)", 1e-6 * macs.low,
         1e-6 * macs.high, macs.ratio());
  if (report.floor) {
    const Span latency = LatencySpan(report);
    Append(text, ", %.4f to %.4f ms (x%.1f, measured)\n", latency.low, latency.high,
           latency.ratio());
    Append(text,
           "floor: the supernet's smallest subnet at %d pixels has %.2f million multiply-adds and "
           "takes %.4f ms (measured)",
           report.floor->config.resolution, Millions(report.floor->info.macs),
           report.floor->latency->median_ms);
  }
  text += "\n";
}

}  // namespace

std::vector<Domination> DominatedLevels(const EvaluationReport& report) {
  if (!report.floor) return {};
  std::vector<LevelFigures> levels;
  for (const EvaluatedSubnet& subnet : report.subnets) {
    levels.push_back({subnet.info.id, subnet.latency->median_ms, subnet.top1()});
  }
  return DominatedLevels(levels);
}

std::string EvaluationText(const EvaluationReport& report) {
  std::string text;
  Append(text, "model %s, backend %s", report.model.c_str(), report.backend.c_str());
  if (report.floor) {
    Append(text, "; latency with %d thread(s), median of %d interleaved rounds",
           report.latency.threads, report.latency.rounds);
  }
  text += "\n";
  for (const EvaluatedSubnet& subnet : report.subnets) {
    Append(text, "%-20s %8.2f MMACs  %6.3f M parameters  top-1 %.4f (", subnet.info.id.c_str(),
           Millions(subnet.info.macs), Millions(subnet.info.parameters), subnet.top1());
    if (subnet.images > 0) Append(text, "%zu of %zu, ", subnet.correct, subnet.images);
    text += std::string(policies::EvidenceName(subnet.top1_evidence())) + ")";
    if (subnet.latency) {
      Append(text, "  %.4f ms (%.4f to %.4f, measured)", subnet.latency->median_ms,
             subnet.latency->low_ms, subnet.latency->high_ms);
    }
    text += "\n";
  }
  AppendSpans(report, text);
  if (report.unreadable > 0) Append(text, "%zu unreadable images skipped\n", report.unreadable);
  return text;
}

std::string EvaluationJson(const EvaluationReport& report) {
  json subnets = json::array();
  for (const EvaluatedSubnet& subnet : report.subnets) subnets.push_back(LevelJson(subnet));
  json object = {{"model", report.model},
                 {"backend", report.backend},
                 {"weights", report.weights_digest},
                 {"subnets", subnets},
                 {"macs_span", SpanJson(MacsSpan(report))},
                 {"unreadable_images", report.unreadable}};
  if (report.floor) {
    object["threads"] = report.latency.threads;
    object["rounds"] = report.latency.rounds;
    object["latency_span"] = SpanJson(LatencySpan(report));
    object["floor"] = SubnetJson(*report.floor);
    object["dominated"] = json::array();
    for (const Domination& domination : DominatedLevels(report)) {
      object["dominated"].push_back({{"level", domination.level}, {"by", domination.by}});
    }
  }
  return object.dump(2) + "\n";
}

std::string EvaluationMarkdown(const EvaluationReport& report) {
  std::string text =
      "| subnet | resolution | depths | million multiply-adds (counted) | "
      "million parameters (counted) | ";
  text += Top1Heading(report) + " |";
  if (report.floor) Append(text, " ms, %d thread(s) (measured) |", report.latency.threads);
  text += "\n|---|---|---|---|---|---|";
  text += report.floor ? "---|\n" : "\n";
  for (const EvaluatedSubnet& subnet : report.subnets) {
    Append(text, "| `%s` | %d | ", subnet.info.id.c_str(), subnet.config.resolution);
    for (std::size_t s = 0; s < subnet.config.depths.size(); ++s) {
      Append(text, "%s%d", s == 0 ? "" : ", ", subnet.config.depths[s]);
    }
    Append(text, " | %.2f | %.3f | %.4f |", Millions(subnet.info.macs),
           Millions(subnet.info.parameters), subnet.top1());
    if (subnet.latency) Append(text, " %.3f |", subnet.latency->median_ms);
    text += "\n";
  }
  text += "\n";
  AppendSpans(report, text);
  return text;
}

}  // namespace dynofa::tools
