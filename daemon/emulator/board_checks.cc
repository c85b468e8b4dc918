#include "daemon/emulator/board_checks.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>
#include <string>

#include "daemon/base/strings.h"
#include "daemon/emulator/governor.h"

namespace dynofa::emulator {
namespace {

constexpr std::size_t kMostName = 64;
constexpr std::size_t kMostText = 128;
constexpr int kMostCpus = 1024;
/// Feedback of temperature over leakage; at 1 it would run away.
constexpr double kMostFeedback = 0.9;

bool IsAlnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool Overlap(const ClusterModel& a, const ClusterModel& b) {
  const int first_a = FirstCpu(a.id);
  const int first_b = FirstCpu(b.id);
  return first_a >= 0 && first_b >= 0 && first_a < first_b + b.cores && first_b < first_a + a.cores;
}

double Feedback(const BoardModel& board, const ZoneModel& zone) {
  double feedback = 0.0;
  for (const ClusterModel& cluster : board.clusters) {
    const double per_k = cluster.power.leakage_w * cluster.power.leakage_per_k;
    feedback += per_k * (board.board_k_per_w + (cluster.zone == zone.type ? zone.k_per_w : 0.0));
  }
  return feedback;
}

}  // namespace

bool IsBoardId(std::string_view text) {
  return !text.empty() && text.size() <= kMostName && IsLower(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return IsLower(c) || IsDigit(c) || c == '-'; });
}

bool IsPlainText(std::string_view text) {
  return !text.empty() && text.size() <= kMostText &&
         std::none_of(text.begin(), text.end(),
                      [](char c) { return std::iscntrl(static_cast<unsigned char>(c)) != 0; });
}

bool IsFileName(std::string_view text) {
  constexpr std::string_view kMore = "._:+-";
  return !text.empty() && text.size() <= kMostName && IsAlnum(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return IsAlnum(c) || kMore.find(c) != std::string_view::npos; });
}

bool IsI2cDevice(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos || dash == 0 || dash > 3) return false;
  const std::string_view bus = text.substr(0, dash);
  const std::string_view address = text.substr(dash + 1);
  return std::all_of(bus.begin(), bus.end(), IsDigit) && address.size() == 4 &&
         address.find_first_not_of(kHex) == std::string_view::npos && address != "0000";
}

absl::Status CheckGovernors(const ClusterModel& cluster) {
  std::set<std::string> seen;
  std::string known;
  for (std::string_view name : kGovernors) known += base::StrCat(known.empty() ? "" : ", ", name);
  for (const std::string& governor : cluster.governors) {
    if (std::find(kGovernors.begin(), kGovernors.end(), governor) == kGovernors.end()) {
      return absl::InvalidArgumentError(
          base::StrCat("has \"", governor, "\", which is none of ", known));
    }
    if (!seen.insert(governor).second) {
      return absl::InvalidArgumentError(base::StrCat("has \"", governor, "\" twice"));
    }
  }
  if (seen.count(cluster.default_governor) > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      base::StrCat("must have the governor that the cluster begins "
                   "with, \"",
                   cluster.default_governor, "\""));
}

absl::Status CheckClusterId(const ClusterModel& cluster, const std::vector<ClusterModel>& others) {
  const bool cpu = cluster.kind == policies::ClusterKind::kCpu;
  if (cpu && FirstCpu(cluster.id) < 0) {
    return absl::InvalidArgumentError(
        base::StrCat("must be \"cpu\" and the number of the first CPU, not \"", cluster.id, "\""));
  }
  if (!cpu && (!IsFileName(cluster.id) || FirstCpu(cluster.id) >= 0)) {
    return absl::InvalidArgumentError(
        base::StrCat("has \"", cluster.id, "\"; a GPU's id is \"gpu\""));
  }
  for (const ClusterModel& other : others) {
    if (other.id == cluster.id || Overlap(other, cluster)) {
      return absl::InvalidArgumentError(
          base::StrCat("has ", cluster.id, ", whose CPUs are also those of ", other.id));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckWhole(const BoardModel& board) {
  for (const ClusterModel& cluster : board.clusters) {
    const auto same = [&](const ZoneModel& zone) { return zone.type == cluster.zone; };
    if (std::none_of(board.zones.begin(), board.zones.end(), same)) {
      return absl::InvalidArgumentError(
          base::StrCat("has no zone \"", cluster.zone, "\", which ", cluster.id, " heats"));
    }
  }
  const auto totals = std::count_if(board.rails.begin(), board.rails.end(),
                                    [](const RailModel& rail) { return rail.total; });
  if (totals > 1) return absl::InvalidArgumentError("has more than one rail that is the total");
  for (const ZoneModel& zone : board.zones) {
    if (Feedback(board, zone) > kMostFeedback) {
      return absl::InvalidArgumentError(
          base::StrCat("would heat up without end: leakage_w * leakage_per_k * (board_k_per_w + "
                       "k_per_w of ",
                       zone.type, ") must stay below ", kMostFeedback));
    }
  }
  return absl::OkStatus();
}

int FirstCpu(std::string_view id) {
  constexpr std::string_view kPrefix = "cpu";
  if (id.substr(0, kPrefix.size()) != kPrefix) return -1;
  const std::string_view digits = id.substr(kPrefix.size());
  int number = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  const bool plain = digits == "0" || (!digits.empty() && digits.front() != '0');
  return whole && plain && number >= 0 && number < kMostCpus ? number : -1;
}

}  // namespace dynofa::emulator
