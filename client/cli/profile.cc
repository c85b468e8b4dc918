// dynofactl profile.

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <iomanip>
#include <iostream>
#include <map>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/json.h"
#include "client/cli/text.h"

namespace dynofa::cli {
namespace {

/// How often the daemon is asked how far it is.
constexpr std::chrono::milliseconds kPeriod{500};
/// Of these, at least each such one is shown.
constexpr int kShownPeriods = 10;

volatile std::sig_atomic_t interrupted = 0;

std::string At(const std::string& cluster, std::int64_t khz) {
  return khz > 0 ? cluster + " at " + Frequency(khz) : cluster;
}

/// "running: 12 of 96 points (4 known before), cpu0 at 1190 MHz, 10 s, about 70 s left".
std::string Describe(const client::ProfileProgress& progress) {
  if (progress.state == "none") return "nothing has been measured since the daemon started";
  std::string text = progress.state + ": " + std::to_string(progress.known + progress.measured) +
                     " of " + std::to_string(progress.total) + " points";
  if (progress.known > 0) text += " (" + std::to_string(progress.known) + " known before)";
  if (progress.skipped > 0) text += ", " + std::to_string(progress.skipped) + " passed over";
  if (!progress.cluster.empty()) text += ", " + At(progress.cluster, progress.frequency_khz);
  text += ", " + Fixed(progress.elapsed_s, 0) + " s";
  if (progress.left_s && progress.active()) {
    text += ", about " + Fixed(*progress.left_s, 0) + " s left";
  }
  if (!progress.message.empty()) text += ": " + progress.message;
  return text;
}

void PrintProgress(const Common& common, const client::ProfileProgress& progress) {
  if (common.json) {
    Json line = {{"type", "progress"}};
    line.update(ToJson(progress));
    std::cout << line.dump() << std::endl;
    return;
  }
  std::cout << Describe(progress) << std::endl;
  if (progress.active()) return;
  for (const client::ProfileGap& gap : progress.gaps) {
    std::cout << "not measured: " << At(gap.cluster, gap.frequency_khz) << ": " << gap.reason
              << "\n";
  }
}

/// Of each subnet on each cluster with each number of threads the entry at the highest clock.
std::vector<client::ProfileEntry> AtHighestClock(const client::ModelProfile& profile) {
  std::map<std::tuple<std::string, int, std::string>, client::ProfileEntry> highest;
  for (const client::ProfileEntry& entry : profile.entries) {
    client::ProfileEntry& kept = highest[{entry.cluster, entry.threads, entry.subnet}];
    if (kept.subnet.empty() || entry.frequency_khz > kept.frequency_khz) kept = entry;
  }
  std::vector<client::ProfileEntry> entries;
  for (const auto& [key, entry] : highest) entries.push_back(entry);
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    return std::tie(a.cluster, a.threads, a.median_ms) <
           std::tie(b.cluster, b.threads, b.median_ms);
  });
  return entries;
}

void PrintTable(const client::ModelProfile& profile) {
  std::cout << "model " << profile.model << ": " << profile.entries.size()
            << " points; at the highest clock measured:\n"
            << "  cluster  threads  clock      ms (p10 to p90)                 power     subnet\n";
  for (const client::ProfileEntry& entry : AtHighestClock(profile)) {
    const std::string clock = entry.frequency_khz > 0 ? Frequency(entry.frequency_khz) : "as it is";
    const std::string time = Fixed(entry.median_ms, 3) + " (" + Fixed(entry.p10_ms, 3) + " to " +
                             Fixed(entry.p90_ms, 3) + ") " + entry.latency_label;
    const std::string power =
        entry.active_power_w ? Fixed(*entry.active_power_w, 2) + " W" : "unknown";
    std::cout << "  " << std::left << std::setw(9) << entry.cluster << std::setw(9) << entry.threads
              << std::setw(11) << clock << std::setw(42) << time << std::setw(10) << power
              << entry.subnet << "\n";
  }
}

int Show(const Common& common, client::Client& client) {
  const auto profiles = client.GetProfile();
  if (!profiles.ok()) return Fail(common, profiles.error());
  if (common.json) {
    Json json = {{"type", "profile"}};
    json["progress"] = ToJson(profiles->progress);
    json["models"] = Json::array();
    for (const client::ModelProfile& model : profiles->models) {
      json["models"].push_back(ToJson(model));
    }
    std::cout << json.dump() << "\n";
    return kExitOk;
  }
  if (profiles->models.empty()) std::cout << "there is no profile\n";
  for (const client::ModelProfile& model : profiles->models) PrintTable(model);
  return kExitOk;
}

/// The exit code for a job that is over.
int CodeOf(const client::ProfileProgress& progress) {
  return progress.state == "cancelled" || progress.state == "failed" ? kExitService : kExitOk;
}

int Follow(const Common& common, const ProfileArguments& arguments, client::Client& client) {
  std::string shown;
  for (int period = 0;; ++period) {
    const auto profiles = client.GetProfile(/*entries=*/false);
    if (!profiles.ok()) return Fail(common, profiles.error());
    const client::ProfileProgress& progress = profiles->progress;
    const std::string mark = progress.state + At(progress.cluster, progress.frequency_khz) +
                             std::to_string(progress.measured) + progress.message;
    if (mark != shown || period % kShownPeriods == 0 || !progress.active()) {
      PrintProgress(common, progress);
    }
    shown = mark;
    if (!progress.active()) return CodeOf(progress);
    if (interrupted != 0) {
      if (!arguments.attached) {
        std::cerr << "dynofactl: the daemon goes on measuring; dynofactl profile --cancel ends it"
                  << std::endl;
        return kExitService;
      }
      interrupted = 0;
      if (const auto ended = client.CancelProfile(); !ended.ok())
        return Fail(common, ended.error());
    }
    std::this_thread::sleep_for(kPeriod);
  }
}

int FollowAndShow(const Common& common, const ProfileArguments& arguments, client::Client& client) {
  const auto note = [](int) { interrupted = 1; };
  std::signal(SIGINT, note);
  std::signal(SIGTERM, note);
  const int followed = Follow(common, arguments, client);
  return followed == kExitOk ? Show(common, client) : followed;
}

int PrintAnswer(const Common& common, const client::Result<client::ProfileProgress>& answer) {
  if (!answer.ok()) return Fail(common, answer.error());
  PrintProgress(common, *answer);
  return kExitOk;
}

}  // namespace

int Profile(const Common& common, const ProfileArguments& arguments) {
  auto client = ConnectOrExplain(common);
  if (!client) return kExitService;
  switch (arguments.action) {
    case ProfileAction::kCancel:
      return PrintAnswer(common, client->CancelProfile());
    case ProfileAction::kDetach:
      return PrintAnswer(common, client->StartProfile(arguments.request));
    case ProfileAction::kStatus: {
      const auto profiles = client->GetProfile(/*entries=*/false);
      if (!profiles.ok()) return Fail(common, profiles.error());
      PrintProgress(common, profiles->progress);
      return kExitOk;
    }
    case ProfileAction::kShow:
      return Show(common, *client);
    case ProfileAction::kMeasure:
      if (const auto begun = client->StartProfile(arguments.request); !begun.ok()) {
        return Fail(common, begun.error());
      }
      break;
    case ProfileAction::kWatch:
      break;
  }
  return FollowAndShow(common, arguments, *client);
}

}  // namespace dynofa::cli
