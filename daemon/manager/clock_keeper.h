#ifndef DYNOFA_DAEMON_MANAGER_CLOCK_KEEPER_H_
#define DYNOFA_DAEMON_MANAGER_CLOCK_KEEPER_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "policies/decision.h"

namespace dynofa::manager {

/// Lowers a clock only when the runs that were planned at it are over: one under way would
/// otherwise be late, and with it the request that waits for it. What was predicted of the sessions
/// there says when that is. Belongs to the manager's sequence.
class ClockKeeper {
 public:
  /// `after` takes the place of `before`, while requests are under way. Clocks that it lowers are
  /// kept from now on; one that is kept already is not kept any longer for that.
  void OnDecision(const policies::Decision& before, const policies::Decision& after,
                  base::TimePoint now);

  /// Keeps nothing any more: what is decided must hold at once.
  void LetGo() { kept_.clear(); }

  /// Puts what is kept in place of what `settings`, those of the decision in force, say.
  void Keep(std::vector<policies::ClusterSetting>& settings, base::TimePoint now) const;

  /// When settings are to be applied again; nullopt if nothing is kept.
  std::optional<base::TimePoint> Next(base::TimePoint now) const;

  /// Nothing is kept longer.
  static constexpr base::Duration kLongest = std::chrono::seconds(1);

 private:
  struct Kept {
    policies::ClusterSetting setting;
    base::TimePoint until;
  };

  std::map<std::string, Kept, std::less<>> kept_;
};

}  // namespace dynofa::manager

#endif  // DYNOFA_DAEMON_MANAGER_CLOCK_KEEPER_H_
