#include "daemon/manager/profile_results.h"

#include <cstddef>
#include <utility>
#include <vector>

#include "daemon/base/strings.h"

namespace dynofa::manager {
namespace {

/// Fewer undisturbed runs than this say less than all runs together.
constexpr std::size_t kFewestClean = 5;

void Append(const std::vector<double>& more, std::vector<double>& all) {
  all.insert(all.end(), more.begin(), more.end());
}

}  // namespace

void CellResult::Add(const Measurement& more) {
  Append(more.clean_ms, runs.clean_ms);
  Append(more.disturbed_ms, runs.disturbed_ms);
  runs.overruns += more.overruns;
  if (!more.clean_ms.empty() || !more.disturbed_ms.empty()) runs.evidence = more.evidence;
}

std::optional<engine::ProfileEntry> EntryOf(const CellResult& result,
                                            std::optional<double> idle_w) {
  std::vector<double> times = result.runs.clean_ms;
  if (times.size() < kFewestClean) Append(result.runs.disturbed_ms, times);
  if (times.empty()) return std::nullopt;
  engine::ProfileEntry entry;
  entry.latency_ms = engine::SpreadOf(std::move(times));
  entry.latency_evidence = result.runs.evidence;
  // A clock that stands still while a run begins and ends gives no time.
  if (!(entry.latency_ms.p10 > 0.0)) return std::nullopt;
  if (result.power_w && idle_w && *result.power_w > *idle_w) {
    entry.active_power_w = *result.power_w - *idle_w;
    // The rail and the clock are of the same board, real or emulated.
    entry.power_evidence = result.runs.evidence;
  }
  return entry;
}

std::string HeldBelow(const hardware::ClusterReading& reading, std::int64_t khz) {
  const bool capped = reading.limit_khz > 0 && reading.limit_khz < khz;
  const bool limited = !reading.limited_by.empty() && reading.max_khz > 0 && reading.max_khz < khz;
  if (!capped && !limited) return "";
  return base::StrCat("the clock is held at ", capped ? reading.limit_khz : reading.max_khz,
                      " kHz (", reading.limited_by.empty() ? "unknown" : reading.limited_by, ")");
}

std::string Refusal(const hardware::SettingOutcome& outcome, std::int64_t khz) {
  if (!outcome.status.ok()) {
    return base::StrCat("the frequency cannot be set: ", outcome.status.message());
  }
  const policies::ClusterSetting& now = outcome.effective;
  if (now.min_khz == khz && now.max_khz == khz) return "";
  return base::StrCat("the frequency cannot be set: the board holds ", now.min_khz, " to ",
                      now.max_khz, " kHz",
                      outcome.limited_by.empty() ? "" : " (" + outcome.limited_by + ")");
}

}  // namespace dynofa::manager
