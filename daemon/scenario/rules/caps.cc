#include "daemon/scenario/rules/caps.h"

#include <algorithm>

namespace dynofa::scenario {

std::int64_t HighestKhz(const std::string& cluster, const std::vector<std::int64_t>& table,
                        const policies::PowerMode& mode) {
  const auto cores = mode.max_cores.find(cluster);
  if (cores != mode.max_cores.end() && cores->second == 0) return 0;
  const auto named = mode.max_khz.find(cluster);
  const auto cap =
      named != mode.max_khz.end()
          ? named->second
          : static_cast<std::int64_t>(mode.max_share * static_cast<double>(table.back()));
  const auto above = std::upper_bound(table.begin(), table.end(), cap);
  return above == table.begin() ? table.front() : *(above - 1);
}

}  // namespace dynofa::scenario
