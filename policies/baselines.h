#ifndef DYNOFA_POLICIES_BASELINES_H_
#define DYNOFA_POLICIES_BASELINES_H_

#include <string>
#include <string_view>
#include <utility>

#include "policies/policy.h"

namespace dynofa::policies {

/// The yardsticks of a comparison: what is there without a joint manager, each of them a part of
/// what `hierarchical` does. They keep floors, the mode's caps on frequencies and cores, and what
/// heat takes away; the power cap only where they set clocks jointly (DvfsOnlyPolicy).

/// A static network: every session runs one subnet, on the cluster where that is fastest, and a
/// Linux governor sets the clocks. Nothing adapts, also not per request. The subnet is the most
/// accurate one of the model, as in the baselines of Xun et al. (UKMobS 2022 and arXiv 2401.08965:
/// `schedutil` and `performance`).
class FixedPolicy final : public Policy {
 public:
  /// An empty governor leaves the one in force. `subnet` is run in place of the most accurate one
  /// by the sessions whose model has it and whose floor allows it.
  FixedPolicy(std::string name, std::string governor, std::string subnet = "")
      : name_(std::move(name)), governor_(std::move(governor)), subnet_(std::move(subnet)) {}

  std::string_view name() const override { return name_; }
  Decision Decide(const Snapshot& snapshot) const override;

 private:
  const std::string name_;
  const std::string governor_;
  const std::string subnet_;
};

/// Dynamic-OFA as published (Lou, Xun et al., CVPRW 2021): each session stays on its fastest
/// cluster, under schedutil, and only its subnet changes: the most accurate one that meets the
/// latency target at the clock that the governor will settle at, or in a mode that saves energy the
/// cheapest one that the floor allows and that meets the target. The fast path adapts each request,
/// as that paper's manager does from one inference to the next.
class DynamicOnlyPolicy final : public Policy {
 public:
  /// `best`: no subnet above this one's accuracy is taken, where a session's model has one of that
  /// name and its floor allows; a shorter ladder makes mean accuracies equal.
  explicit DynamicOnlyPolicy(std::string best = "") : best_(std::move(best)) {}

  std::string_view name() const override { return "dynamic-only"; }
  Decision Decide(const Snapshot& snapshot) const override;

 private:
  const std::string best_;
};

/// One subnet per session, and clusters and frequencies chosen jointly for all of them with the
/// search of `hierarchical`. The subnet is the cheapest one that reaches the floor that the
/// session first asked for, or without a floor the most accurate one; it changes only when a
/// higher floor forbids it. The static network with the best DVFS and mapping (the class of zTT,
/// MobiSys 2021, and GearDVFS, MobiCom 2023, which leave the network alone).
class DvfsOnlyPolicy final : public Policy {
 public:
  /// `subnet` as in FixedPolicy.
  explicit DvfsOnlyPolicy(std::string subnet = "") : subnet_(std::move(subnet)) {}

  std::string_view name() const override { return "dvfs-only"; }
  Decision Decide(const Snapshot& snapshot) const override;

 private:
  const std::string subnet_;
};

/// Every session gets the point (subnet, cluster, frequency) that would be best if it were alone;
/// a cluster runs at the highest frequency that one of its sessions wants. What isolated managers,
/// one in each client, would do.
class GreedyPolicy final : public Policy {
 public:
  std::string_view name() const override { return "greedy"; }
  Decision Decide(const Snapshot& snapshot) const override;
};

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_BASELINES_H_
