#include "daemon/engine/profile.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/sha256.h"

namespace dynofa::engine {
namespace {

/// `sorted` ascends and is not empty.
double Percentile(const std::vector<double>& sorted, double percent) {
  const double rank = std::ceil(percent / 100.0 * static_cast<double>(sorted.size()));
  return sorted[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

}  // namespace

absl::StatusOr<std::string> ProfileDigest(const ProfileKey& key) {
  // Each part with its length before it, so that no two keys give the same text.
  std::string text;
  for (const std::string* part :
       {&key.weights, &key.backend, &key.build, &key.board, &key.emulated_board}) {
    text += base::StrCat(part->size(), ":", *part, "\n");
  }
  const std::array<std::span<const std::byte>, 1> parts = {std::as_bytes(std::span(text))};
  return Sha256Hex(parts);
}

Spread SpreadOf(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  return {.median = Percentile(values, 50.0),
          .p10 = Percentile(values, 10.0),
          .p90 = Percentile(values, 90.0),
          .count = static_cast<std::int64_t>(values.size())};
}

}  // namespace dynofa::engine
