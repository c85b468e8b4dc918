#ifndef DYNOFA_POLICIES_PARETO_H_
#define DYNOFA_POLICIES_PARETO_H_

#include <algorithm>
#include <utility>
#include <vector>

namespace dynofa::policies {

/// Keeps of `items` those that no other beats in both accuracy and latency, and sorts them by
/// latency, cheapest first. An item has a member `accuracy`; `latency_of(item)` is its latency in
/// any one unit.
template <typename Item, typename LatencyOf>
void KeepPareto(std::vector<Item>& items, const LatencyOf& latency_of) {
  std::sort(items.begin(), items.end(), [&](const Item& a, const Item& b) {
    return latency_of(a) != latency_of(b) ? latency_of(a) < latency_of(b) : a.accuracy > b.accuracy;
  });
  std::vector<Item> kept;
  for (Item& item : items) {
    if (kept.empty() || item.accuracy > kept.back().accuracy) kept.push_back(std::move(item));
  }
  items = std::move(kept);
}

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_PARETO_H_
