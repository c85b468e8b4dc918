#include "daemon/tools/families/comparison.h"

#include "daemon/tools/families/curve.h"
#include "daemon/tools/statistics.h"

namespace dynofa::tools::families {
namespace {

std::size_t Rounds(const Series& series) { return series.cost.front().size(); }

template <typename CostOf>
Curve CurveOf(const Series& series, const CostOf& cost_of) {
  std::vector<CurvePoint> points;
  for (std::size_t i = 0; i < series.top1.size(); ++i) {
    points.push_back({cost_of(series.cost[i]), series.top1[i], i});
  }
  return Curve(std::move(points));
}

std::vector<Curve> CurvesByRound(const Series& series) {
  std::vector<Curve> curves;
  for (std::size_t round = 0; round < Rounds(series); ++round) {
    curves.push_back(CurveOf(series, [&](const std::vector<double>& cost) { return cost[round]; }));
  }
  return curves;
}

std::optional<Spread> SpreadIfAny(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  return SpreadOf(values);
}

class Matcher {
 public:
  explicit Matcher(const Series& subject)
      : subject_(subject), by_round_(CurvesByRound(subject)), typical_(CurveOf(subject, Median)) {}

  Match Of(const Series& baseline, std::size_t member) const {
    const double top1 = baseline.top1[member];
    const std::vector<double>& cost = baseline.cost[member];
    Match match;
    match.member = member;
    match.speedup = Speedup(top1, cost);
    match.gain = Gain(top1, cost);
    // The pair is chosen once, by the medians.
    if (const CurvePoint* real = typical_.CheapestWith(top1)) {
      match.real_speedup = Pair{real->member, RatioTo(real->member, cost)};
    }
    if (const CurvePoint* real = typical_.BestWithin(Median(cost))) {
      const double gain = real->accuracy - top1;
      match.real_gain = Pair{real->member, {gain, gain, gain}};
    }
    return match;
  }

 private:
  std::optional<Spread> Speedup(double top1, const std::vector<double>& cost) const {
    std::vector<double> values;
    for (std::size_t round = 0; round < cost.size(); ++round) {
      if (const auto own = by_round_[round].CostAt(top1)) values.push_back(cost[round] / *own);
    }
    return SpreadIfAny(values);
  }

  std::optional<Spread> Gain(double top1, const std::vector<double>& cost) const {
    std::vector<double> values;
    for (std::size_t round = 0; round < cost.size(); ++round) {
      if (const auto own = by_round_[round].AccuracyAt(cost[round])) values.push_back(*own - top1);
    }
    return SpreadIfAny(values);
  }

  Spread RatioTo(std::size_t own, const std::vector<double>& cost) const {
    std::vector<double> values;
    for (std::size_t round = 0; round < cost.size(); ++round) {
      values.push_back(cost[round] / subject_.cost[own][round]);
    }
    return SpreadOf(values);
  }

  const Series& subject_;
  const std::vector<Curve> by_round_;
  const Curve typical_;
};

// The match with the largest of what `value_of` gives, which is a pointer.
template <typename ValueOf>
const Match* Largest(const std::vector<Match>& matches, const ValueOf& value_of) {
  const Match* largest = nullptr;
  for (const Match& match : matches) {
    const Spread* value = value_of(match);
    if (value == nullptr) continue;
    if (largest == nullptr || value->median > value_of(*largest)->median) largest = &match;
  }
  return largest;
}

const Spread* Pointer(const std::optional<Spread>& spread) { return spread ? &*spread : nullptr; }

Series OneRound(const std::vector<PublishedPoint>& points) {
  Series series;
  for (const PublishedPoint& point : points) {
    series.top1.push_back(point.top1);
    series.cost.push_back({point.ms});
  }
  return series;
}

}  // namespace

Spread SpreadOf(const std::vector<double>& values) {
  return {Median(values), Percentile(values, 0.1), Percentile(values, 0.9)};
}

std::vector<Match> Compare(const Series& subject, const Series& baseline) {
  const Matcher matcher(subject);
  std::vector<Match> matches;
  for (std::size_t i = 0; i < baseline.top1.size(); ++i) {
    matches.push_back(matcher.Of(baseline, i));
  }
  return matches;
}

std::vector<Match> ComparePublished(const std::vector<PublishedPoint>& subject,
                                    const std::vector<PublishedPoint>& baseline) {
  if (subject.empty() || baseline.empty()) return {};
  return Compare(OneRound(subject), OneRound(baseline));
}

const Match* LargestSpeedup(const std::vector<Match>& matches) {
  return Largest(matches, [](const Match& match) { return Pointer(match.speedup); });
}

const Match* LargestRealSpeedup(const std::vector<Match>& matches) {
  return Largest(matches, [](const Match& match) {
    return match.real_speedup ? &match.real_speedup->value : nullptr;
  });
}

const Match* LargestGain(const std::vector<Match>& matches) {
  return Largest(matches, [](const Match& match) { return Pointer(match.gain); });
}

}  // namespace dynofa::tools::families
