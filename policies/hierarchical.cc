#include "policies/hierarchical.h"

#include "policies/joint.h"

namespace dynofa::policies {

Decision HierarchicalPolicy::Decide(const Snapshot& snapshot) const {
  const CostTable table(snapshot);
  const Planner planner(snapshot, table);
  return DecideJointly(name(), planner);
}

}  // namespace dynofa::policies
