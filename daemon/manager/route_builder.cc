#include "daemon/manager/route_builder.h"

#include <algorithm>
#include <cstdlib>
#include <tuple>

#include "policies/pareto.h"
#include "policies/threads.h"

namespace dynofa::manager {
namespace {

/// Keeps the Pareto levels among which `decided` is one. A profile with errors can hold against it,
/// at one clock, that a more accurate subnet is quicker; what was decided runs all the same.
void KeepLadder(std::vector<policies::Level>& levels, const std::string& decided) {
  const auto found = std::find_if(levels.begin(), levels.end(), [&](const policies::Level& level) {
    return level.subnet == decided;
  });
  if (found != levels.end()) {
    const policies::Level rung = *found;
    std::erase_if(levels, [&](const policies::Level& level) {
      const bool below = level.accuracy < rung.accuracy && level.latency_ms < rung.latency_ms;
      const bool above = level.accuracy > rung.accuracy && level.latency_ms > rung.latency_ms;
      return level.subnet != decided && !below && !above;
    });
  }
  policies::KeepPareto(levels, [](const policies::Level& level) { return level.latency_ms; });
}

/// The highest rung that is no more accurate than `accuracy`, or the lowest.
std::size_t CeilingFor(const std::vector<policies::Level>& ladder, double accuracy) {
  std::size_t ceiling = 0;
  for (std::size_t level = 0; level < ladder.size(); ++level) {
    if (ladder[level].accuracy <= accuracy) ceiling = level;
  }
  return ceiling;
}

}  // namespace

RouteBuilder::RouteBuilder(const std::vector<policies::OperatingPoint>& points,
                           const policies::PowerMode& mode) {
  using Way = std::tuple<std::string, std::string, std::int64_t, std::string>;
  std::map<Way, std::vector<const policies::OperatingPoint*>> ways;
  for (const policies::OperatingPoint& point : points) {
    ways[{point.model, point.cluster, point.frequency_khz, point.subnet}].push_back(&point);
  }
  for (const auto& [way, by_threads] : ways) {
    const auto& [model, cluster, frequency_khz, subnet] = way;
    const policies::OperatingPoint* point =
        policies::PickThreads(by_threads, policies::MaxThreads(mode, cluster));
    if (point == nullptr) continue;
    levels_[{model, cluster}][frequency_khz].push_back(
        {point->subnet, point->latency_ms, point->accuracy, point->active_power_w.value_or(0.0),
         point->threads, point->power_evidence});
  }
}

RouteBuilder::Levels RouteBuilder::LevelsAt(const Key& key, std::int64_t frequency_khz) const {
  auto found = levels_.find(key);
  if (found == levels_.end() || found->second.empty()) return {};
  const auto nearest = std::min_element(
      found->second.begin(), found->second.end(), [&](const auto& a, const auto& b) {
        return std::abs(a.first - frequency_khz) < std::abs(b.first - frequency_khz);
      });
  Levels levels = nearest->second;
  if (nearest->first > 0 && frequency_khz > 0) {
    const double scale = static_cast<double>(nearest->first) / static_cast<double>(frequency_khz);
    for (policies::Level& level : levels) level.latency_ms *= scale;
  }
  return levels;
}

dispatch::Route RouteBuilder::MakeRoute(const policies::Assignment& assignment,
                                        std::int64_t frequency_khz) const {
  dispatch::Route route;
  route.model = assignment.model;
  route.cluster = assignment.point.cluster;
  route.frequency_khz = frequency_khz > 0 ? frequency_khz : assignment.point.frequency_khz;
  route.ladder = LevelsAt({assignment.model, route.cluster}, route.frequency_khz);
  KeepLadder(route.ladder, assignment.point.subnet);
  route.ceiling = CeilingFor(route.ladder, assignment.point.accuracy);
  if (!assignment.adaptive && !route.ladder.empty()) {
    route.min_accuracy = route.ladder[route.ceiling].accuracy;
  }
  return route;
}

dispatch::RoutingTable RouteBuilder::Build(
    const policies::Decision& decision, const std::vector<SessionView>& sessions,
    const std::map<std::string, std::int64_t>& frequencies_khz) const {
  dispatch::RoutingTable table;
  for (const policies::Assignment& assignment : decision.assignments) {
    if (!assignment.served) {
      dispatch::Route& refused = table.sessions[assignment.session];
      if (!assignment.reasons.empty()) refused.refused_because = assignment.reasons.front().text;
      continue;
    }
    auto frequency = frequencies_khz.find(assignment.point.cluster);
    dispatch::Route route =
        MakeRoute(assignment, frequency == frequencies_khz.end() ? 0 : frequency->second);
    if (assignment.session.starts_with(kStandbyPrefix)) {
      table.defaults[assignment.model] = std::move(route);
      continue;
    }
    auto session = std::find_if(sessions.begin(), sessions.end(), [&](const SessionView& view) {
      return view.id == assignment.session;
    });
    if (session == sessions.end()) continue;
    table.sessions[assignment.session] = std::move(route);
  }
  // A session without an assignment keeps a route, an empty one: it exists, and cannot run now.
  for (const SessionView& session : sessions) {
    dispatch::Route& route = table.sessions[session.id];
    const policies::Requirement& requirement = session.requirement;
    route.model = session.model;
    route.uid = session.caller.uid;
    route.priority = requirement.priority;
    if (requirement.latency_ms) route.target = base::FromMs(*requirement.latency_ms);
    if (route.ladder.empty()) continue;
    route.min_accuracy = std::max(
        route.min_accuracy,
        std::min(requirement.min_accuracy.value_or(0.0), route.ladder[route.ceiling].accuracy));
  }
  return table;
}

}  // namespace dynofa::manager
