#ifndef DYNOFA_POLICIES_PLAIN_H_
#define DYNOFA_POLICIES_PLAIN_H_

#include "policies/policy.h"

namespace dynofa::policies {

/// The yardsticks: what the Linux governors of the same names do, with the subnet chosen once.
/// Neither looks at other sessions, at heat or at what was observed.

/// Every cluster at its highest allowed frequency; every session on its fastest cluster with its
/// most accurate subnet that alone meets the latency target there.
class PerformancePolicy final : public Policy {
 public:
  std::string_view name() const override { return "performance"; }
  Decision Decide(const Snapshot& snapshot) const override;
};

/// Every cluster at its lowest frequency; every session with the cheapest subnet that its floor
/// allows, on the cluster where that takes the least energy (or time, if power is unknown).
class PowersavePolicy final : public Policy {
 public:
  std::string_view name() const override { return "powersave"; }
  Decision Decide(const Snapshot& snapshot) const override;
};

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_PLAIN_H_
