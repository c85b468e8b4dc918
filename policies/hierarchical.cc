#include "policies/hierarchical.h"

#include "policies/joint.h"

namespace dynofa::policies {

Decision HierarchicalPolicy::Decide(const Snapshot& snapshot) const {
  const CostTable table(snapshot);
  const std::vector<Experience> experiences = Experiences(snapshot);
  const Planner planner(snapshot, table, {}, experiences);
  return DecideJointly(name(), planner, experiences);
}

}  // namespace dynofa::policies
