#include "daemon/hardware/sysfs/frequency_unit.h"

#include <charconv>
#include <limits>

#include "absl/strings/str_split.h"
#include "daemon/base/strings.h"
#include "daemon/hardware/journal/restore_rule.h"

namespace dynofa::hardware::sysfs {
namespace {

constexpr std::int64_t kHzPerKhz = 1000;
constexpr std::int64_t kMostKhz = std::numeric_limits<std::int64_t>::max() / kHzPerKhz;

}  // namespace

std::optional<std::int64_t> ParseWhole(std::string_view text) {
  text = journal::Trimmed(text);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

FrequencyUnit FrequencyUnit::Hertz(std::string_view table) {
  FrequencyUnit unit;
  unit.hertz_ = true;
  for (const auto word :
       absl::StrSplit(base::ToAbsl(journal::Trimmed(table)), ' ', absl::SkipEmpty())) {
    const auto hz = ParseWhole(base::FromAbsl(word));
    if (hz && *hz >= kHzPerKhz) unit.exact_[*hz / kHzPerKhz] = *hz;
  }
  return unit;
}

std::optional<std::int64_t> FrequencyUnit::Parse(std::string_view text) const {
  const auto value = ParseWhole(text);
  if (!value || *value < 0) return std::nullopt;
  if (!hertz_) return *value <= kMostKhz ? value : std::nullopt;
  const std::int64_t khz = *value / kHzPerKhz;
  // A maximum that was rounded up to the next kHz is the step below it.
  const auto below = exact_.find(khz - 1);
  const bool rounded_up =
      below != exact_.end() && *value % kHzPerKhz == 0 && below->second % kHzPerKhz != 0;
  return rounded_up && exact_.count(khz) == 0 ? khz - 1 : khz;
}

std::int64_t FrequencyUnit::Exact(std::int64_t khz) const {
  const auto step = exact_.find(khz);
  return step != exact_.end() ? step->second : khz * kHzPerKhz;
}

std::string FrequencyUnit::Format(std::int64_t khz) const {
  return base::StrCat(hertz_ && khz <= kMostKhz ? Exact(khz) : khz);
}

std::vector<std::string> FrequencyUnit::Spellings(std::int64_t khz) const {
  std::vector<std::string> texts = {Format(khz)};
  if (!hertz_ || khz >= kMostKhz || Exact(khz) % kHzPerKhz == 0) return texts;
  texts.push_back(base::StrCat(khz * kHzPerKhz));
  texts.push_back(base::StrCat((khz + 1) * kHzPerKhz));
  return texts;
}

std::vector<std::int64_t> FrequencyUnit::Steps() const {
  std::vector<std::int64_t> steps;
  for (const auto& [khz, hz] : exact_) steps.push_back(khz);
  return steps;
}

}  // namespace dynofa::hardware::sysfs
