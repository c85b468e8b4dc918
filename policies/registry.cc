#include "policies/registry.h"

#include <array>

#include "policies/hierarchical.h"
#include "policies/plain.h"

namespace dynofa::policies {
namespace {

struct Entry {
  std::string_view name;
  std::unique_ptr<Policy> (*make)();
};

template <typename P>
std::unique_ptr<Policy> Make() {
  return std::make_unique<P>();
}

constexpr std::array<Entry, 3> kPolicies = {{
    {"hierarchical", Make<HierarchicalPolicy>},
    {"performance", Make<PerformancePolicy>},
    {"powersave", Make<PowersavePolicy>},
}};

}  // namespace

std::vector<std::string_view> PolicyNames() {
  std::vector<std::string_view> names;
  for (const Entry& entry : kPolicies) names.push_back(entry.name);
  return names;
}

std::unique_ptr<Policy> MakePolicy(std::string_view name) {
  for (const Entry& entry : kPolicies) {
    if (entry.name == name) return entry.make();
  }
  return nullptr;
}

}  // namespace dynofa::policies
