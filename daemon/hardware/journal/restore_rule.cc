#include "daemon/hardware/journal/restore_rule.h"

#include <charconv>
#include <cstdint>
#include <optional>

namespace dynofa::hardware::journal {
namespace {

std::optional<std::int64_t> Number(std::string_view text) {
  text = Trimmed(text);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool Same(std::string_view a, std::string_view b) { return Trimmed(a) == Trimmed(b); }

bool ExceededByOneOfOurs(const KnobRecord& record, std::string_view present) {
  const auto value = Number(present);
  for (const std::string& own : record.ours) {
    const auto written = Number(own);
    if (value && written && *written > *value) return true;
  }
  return false;
}

}  // namespace

std::string_view Trimmed(std::string_view text) {
  text = text.substr(0, text.find('\n'));
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

bool MayRestore(const KnobRecord& record, std::string_view present, const Disguise& disguise) {
  if (Same(present, record.baseline)) return true;
  for (const std::string& own : record.ours) {
    if (Same(present, own)) return true;
  }
  const bool follows = !disguise.follows.empty() && Same(present, disguise.follows);
  return (disguise.capped || follows) && ExceededByOneOfOurs(record, present);
}

}  // namespace dynofa::hardware::journal
