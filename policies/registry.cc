#include "policies/registry.h"

#include <array>
#include <string>

#include "policies/baselines.h"
#include "policies/hierarchical.h"
#include "policies/plain.h"

namespace dynofa::policies {
namespace {

struct Entry {
  std::string_view name;
  /// `subnet` is empty unless the policy takes one.
  std::unique_ptr<Policy> (*make)(std::string subnet);
  bool takes_subnet = false;
};

template <typename P>
std::unique_ptr<Policy> Make(std::string) {
  return std::make_unique<P>();
}

constexpr std::array<Entry, 9> kPolicies = {{
    {"hierarchical", Make<HierarchicalPolicy>},
    {"performance", Make<PerformancePolicy>},
    {"powersave", Make<PowersavePolicy>},
    {"fixed",
     [](std::string subnet) -> std::unique_ptr<Policy> {
       return std::make_unique<FixedPolicy>("fixed", "", std::move(subnet));
     },
     true},
    {"fixed-schedutil",
     [](std::string subnet) -> std::unique_ptr<Policy> {
       return std::make_unique<FixedPolicy>("fixed-schedutil", "schedutil", std::move(subnet));
     },
     true},
    {"fixed-performance",
     [](std::string subnet) -> std::unique_ptr<Policy> {
       return std::make_unique<FixedPolicy>("fixed-performance", "performance", std::move(subnet));
     },
     true},
    {"dynamic-only",
     [](std::string subnet) -> std::unique_ptr<Policy> {
       return std::make_unique<DynamicOnlyPolicy>(std::move(subnet));
     },
     true},
    {"dvfs-only",
     [](std::string subnet) -> std::unique_ptr<Policy> {
       return std::make_unique<DvfsOnlyPolicy>(std::move(subnet));
     },
     true},
    {"greedy", Make<GreedyPolicy>},
}};

}  // namespace

std::vector<std::string_view> PolicyNames() {
  std::vector<std::string_view> names;
  for (const Entry& entry : kPolicies) names.push_back(entry.name);
  return names;
}

std::unique_ptr<Policy> MakePolicy(std::string_view name) {
  const std::size_t colon = name.find(':');
  const std::string_view plain = name.substr(0, colon);
  const bool has_subnet = colon != std::string_view::npos;
  for (const Entry& entry : kPolicies) {
    if (entry.name != plain || (has_subnet && !entry.takes_subnet)) continue;
    return entry.make(has_subnet ? std::string(name.substr(colon + 1)) : "");
  }
  return nullptr;
}

}  // namespace dynofa::policies
