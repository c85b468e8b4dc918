#ifndef DYNOFA_DAEMON_MANAGER_ROUTE_BUILDER_H_
#define DYNOFA_DAEMON_MANAGER_ROUTE_BUILDER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/dispatch/routing.h"
#include "daemon/manager/manager_api.h"
#include "policies/decision.h"
#include "policies/operating_point.h"

namespace dynofa::manager {

/// Turns decisions into routes: for each session the ladder of its model on its cluster at the
/// clock as read back, with the decided subnet on it, and that as the ceiling.
class RouteBuilder {
 public:
  /// `mode` bounds the threads of a run.
  RouteBuilder(const std::vector<policies::OperatingPoint>& points,
               const policies::PowerMode& mode);

  /// `frequencies_khz` tells each cluster's clock (0 or absent: the decided one). Assignments
  /// whose session id starts with kStandbyPrefix become their model's default route.
  dispatch::RoutingTable Build(const policies::Decision& decision,
                               const std::vector<SessionView>& sessions,
                               const std::map<std::string, std::int64_t>& frequencies_khz) const;

  /// Marks the pseudo-sessions of default routes; real ids never start with it.
  static constexpr char kStandbyPrefix[] = "model:";

 private:
  using Levels = std::vector<policies::Level>;
  using Key = std::pair<std::string, std::string>;  // model, cluster

  dispatch::Route MakeRoute(const policies::Assignment& assignment,
                            std::int64_t frequency_khz) const;
  /// Of all subnets, in no order.
  Levels LevelsAt(const Key& key, std::int64_t frequency_khz) const;

  std::map<Key, std::map<std::int64_t, Levels>> levels_;
};

}  // namespace dynofa::manager

#endif  // DYNOFA_DAEMON_MANAGER_ROUTE_BUILDER_H_
