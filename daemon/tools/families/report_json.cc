#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "daemon/tools/families/memory.h"
#include "daemon/tools/families/report.h"

namespace dynofa::tools::families {
namespace {

using Json = nlohmann::ordered_json;

Json ToJson(const Spread& spread) {
  return {{"median", spread.median}, {"p10", spread.low}, {"p90", spread.high}};
}

Json ToJson(const std::optional<Spread>& spread) { return spread ? ToJson(*spread) : Json(); }

Json ToJson(const std::optional<Pair>& pair, const Family& subject) {
  if (!pair) return {};
  Json json = {{"network", subject.members[pair->member].id}};
  json.update(ToJson(pair->value));
  return json;
}

Json ToJson(const Match& match, const Family& subject, const Family& baseline) {
  return {{"network", baseline.members[match.member].id},
          {"speedup", ToJson(match.speedup)},
          {"real_speedup", ToJson(match.real_speedup, subject)},
          {"gain_points", ToJson(match.gain)},
          {"real_gain_points", ToJson(match.real_gain, subject)}};
}

// The published points have no names, only places in a figure.
Json PublishedJson(const std::vector<Match>& matches, const std::vector<PublishedPoint>& points) {
  Json json = Json::array();
  for (const Match& match : matches) {
    const PublishedPoint& point = points[match.member];
    json.push_back({{"top1", point.top1},
                    {"ms", point.ms},
                    {"speedup", match.speedup ? Json(match.speedup->median) : Json()},
                    {"gain_points", match.gain ? Json(match.gain->median) : Json()}});
  }
  return json;
}

Json ToJson(const Contest& contest, const Measurement& measurement) {
  const Family& subject = measurement.families[contest.subject].family;
  const Family& baseline = measurement.families[contest.baseline].family;
  const auto list = [&](const std::vector<Match>& matches) {
    Json json = Json::array();
    for (const Match& match : matches) json.push_back(ToJson(match, subject, baseline));
    return json;
  };
  Json json = {{"subject", subject.name}, {"baseline", baseline.name}};
  for (std::size_t t = 0; t < measurement.threads.size(); ++t) {
    json["measured"].push_back(
        {{"threads", measurement.threads[t]}, {"matches", list(contest.measured[t])}});
  }
  json["multiply_adds"] = list(contest.macs);
  json["published_gpu"] = PublishedJson(contest.published_gpu, baseline.figure_gpu);
  json["published_cpu"] = PublishedJson(contest.published_cpu, baseline.figure_cpu);
  return json;
}

Json MemoryJson(const StoredValues& values) {
  constexpr std::int64_t kFloat = 4;
  return {{"weights_bytes", values.weights * kFloat},
          {"batch_norm_bytes", values.batch_norms * kFloat},
          {"statistics_bytes", values.statistics * kFloat},
          {"total_bytes", values.total() * kFloat}};
}

Json ToJson(const MeasuredFamily& measured, const std::vector<int>& threads) {
  const Family& family = measured.family;
  Json json = {{"name", family.name},
               {"paper", family.paper},
               {"source", family.source},
               {"memory_together", MemoryJson(SharedValues(family))},
               {"memory_separate", MemoryJson(SeparateValues(family))}};
  for (std::size_t m = 0; m < family.members.size(); ++m) {
    const Member& member = family.members[m];
    Json entry = {{"id", member.id},
                  {"published_top1", member.top1},
                  {"resolution", member.network.resolution()},
                  {"macs", member.network.cost.macs},
                  {"parameters", member.network.cost.parameters},
                  {"layers", member.network.cost.layers}};
    for (std::size_t t = 0; t < threads.size(); ++t) {
      Json latency = {{"threads", threads[t]}};
      latency.update(ToJson(measured.ms[m][t]));
      entry["measured_ms"].push_back(std::move(latency));
    }
    json["networks"].push_back(std::move(entry));
  }
  return json;
}

}  // namespace

std::string JsonReport(const Measurement& measurement) {
  const Conditions& c = measurement.conditions;
  Json json = {{"evidence", {{"measured_ms", "measured"}, {"published_top1", "published"}}},
               {"weights", "synthetic"},
               {"processor", c.processor},
               {"cpus", c.cpus},
               {"load_before", c.load_before},
               {"load_after", c.load_after},
               {"rounds", c.rounds},
               {"runs_per_round", c.runs_per_round},
               {"useful_share", c.useful_share}};
  if (measurement.largest_difference) {
    json["largest_difference_from_libtorch"] = *measurement.largest_difference;
  }
  for (const MeasuredFamily& family : measurement.families) {
    json["families"].push_back(ToJson(family, measurement.threads));
  }
  for (const Contest& contest : measurement.contests) {
    json["comparisons"].push_back(ToJson(contest, measurement));
  }
  for (const FoldingRatio& folding : measurement.folding) {
    Json entry = {{"network", folding.member}, {"threads", folding.threads}};
    entry.update(ToJson(folding.ratio));
    json["folded_over_applied"].push_back(std::move(entry));
  }
  return json.dump(2);
}

}  // namespace dynofa::tools::families
