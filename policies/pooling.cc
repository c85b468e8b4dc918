#include "policies/pooling.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <string_view>
#include <tuple>

namespace dynofa::policies {

void PoolRising(std::span<double> values) {
  struct Pool {
    double sum = 0.0;
    std::size_t size = 0;
    double mean() const { return sum / static_cast<double>(size); }
  };
  if (std::is_sorted(values.begin(), values.end(), std::greater<>())) return;
  std::vector<Pool> pools;
  for (const double value : values) {
    Pool last{value, 1};
    for (; !pools.empty() && pools.back().mean() < last.mean(); pools.pop_back()) {
      last = {last.sum + pools.back().sum, last.size + pools.back().size};
    }
    pools.push_back(last);
  }
  auto value = values.begin();
  for (const Pool& pool : pools) value = std::fill_n(value, pool.size, pool.mean());
}

void PoolLatencies(std::vector<OperatingPoint>& points) {
  using Key = std::tuple<std::string_view, std::string_view, std::string_view, int>;
  std::map<Key, std::vector<OperatingPoint*>> curves;
  for (OperatingPoint& point : points) {
    curves[{point.model, point.cluster, point.subnet, point.threads}].push_back(&point);
  }
  std::vector<double> latencies_ms;
  for (auto& [key, curve] : curves) {
    std::stable_sort(curve.begin(), curve.end(),
                     [](const OperatingPoint* a, const OperatingPoint* b) {
                       return a->frequency_khz < b->frequency_khz;
                     });
    latencies_ms.clear();
    for (const OperatingPoint* point : curve) latencies_ms.push_back(point->latency_ms);
    PoolRising(latencies_ms);
    for (std::size_t i = 0; i < curve.size(); ++i) curve[i]->latency_ms = latencies_ms[i];
  }
}

}  // namespace dynofa::policies
