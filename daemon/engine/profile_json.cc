#include <algorithm>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/profile.h"

namespace dynofa::engine {
namespace {

using Json = nlohmann::json;
using policies::Evidence;

constexpr std::int64_t kVersion = 1;
constexpr std::size_t kMaxText = 1024;
constexpr std::int64_t kMaxThreads = 256;
constexpr std::int64_t kMaxKhz = 100'000'000;
constexpr std::int64_t kMaxCount = 1'000'000'000;
constexpr double kMaxMs = 24 * 3600 * 1e3;
constexpr double kMaxWatt = 1e5;

/// One object of the text: reads its members by name and refuses the ones that nobody knows.
class Members {
 public:
  /// `where` says what it is, for messages: "entry 3".
  static absl::StatusOr<Members> Of(const Json& json, std::string where,
                                    std::initializer_list<std::string_view> known) {
    Members members(json, std::move(where));
    if (!json.is_object()) return members.Error("is not an object");
    for (const auto& [name, value] : json.items()) {
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        return members.Error(base::StrCat("has the unknown member '", name.substr(0, 64), "'"));
      }
    }
    return members;
  }

  bool Has(const char* name) const { return json_->contains(name); }

  absl::Status Error(std::string_view what) const {
    return absl::InvalidArgumentError(base::StrCat(where_, " ", what));
  }

  absl::StatusOr<const Json*> Array(const char* name) const {
    const auto found = json_->find(name);
    if (found == json_->end() || !found->is_array()) {
      return Error(base::StrCat("has no list '", name, "'"));
    }
    return &*found;
  }

  absl::StatusOr<std::string> Text(const char* name) const {
    const auto found = json_->find(name);
    if (found == json_->end() || !found->is_string()) {
      return Error(base::StrCat("has no text '", name, "'"));
    }
    const auto& text = found->get_ref<const std::string&>();
    if (text.size() > kMaxText) {
      return Error(base::StrCat("has a '", name, "' of more than ", kMaxText, " bytes"));
    }
    return text;
  }

  /// A name as subnets and clusters have it.
  absl::StatusOr<std::string> Id(const char* name) const {
    DYNOFA_ASSIGN_OR_RETURN(std::string id, Text(name));
    constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    if (id.empty() || id.size() > 64 || id.find_first_not_of(kLetters) != std::string::npos) {
      return Error(base::StrCat("has a '", name, "' that is no name: 1 to 64 of a-z, 0-9, . _ -"));
    }
    return id;
  }

  absl::StatusOr<std::int64_t> Integer(const char* name, std::int64_t low,
                                       std::int64_t high) const {
    const auto found = json_->find(name);
    // An unsigned value beyond the signed range would wrap around in get().
    const bool integer = found != json_->end() && found->is_number_integer() &&
                         (!found->is_number_unsigned() ||
                          found->get<std::uint64_t>() <= static_cast<std::uint64_t>(high));
    if (!integer || found->get<std::int64_t>() < low || found->get<std::int64_t>() > high) {
      return Error(base::StrCat("has no '", name, "' from ", low, " to ", high));
    }
    return found->get<std::int64_t>();
  }

  /// A number in (0, high], or in [0, high] if `zero`.
  absl::StatusOr<double> Number(const char* name, double high, bool zero) const {
    const auto found = json_->find(name);
    const double value =
        found != json_->end() && found->is_number() ? found->get<double>() : std::nan("");
    if (!(value <= high) || !(zero ? value >= 0.0 : value > 0.0)) {
      return Error(base::StrCat("has no '", name, "' ", zero ? "from" : "above", " 0 to ", high));
    }
    return value;
  }

  absl::StatusOr<Evidence> Label(const char* name) const {
    DYNOFA_ASSIGN_OR_RETURN(const std::string text, Text(name));
    const Evidence evidence = policies::EvidenceFromName(text);
    if (evidence == Evidence::kUnknown) {
      return Error(base::StrCat("has no '", name, "' that is a label (measured, emulated, ...)"));
    }
    return evidence;
  }

 private:
  Members(const Json& json, std::string where) : json_(&json), where_(std::move(where)) {}

  const Json* json_;
  std::string where_;
};

absl::StatusOr<ProfileKey> ReadKey(const Json& json) {
  DYNOFA_ASSIGN_OR_RETURN(
      const Members members,
      Members::Of(json, "the key", {"weights", "backend", "build", "board", "emulated_board"}));
  ProfileKey key;
  DYNOFA_ASSIGN_OR_RETURN(key.weights, members.Text("weights"));
  DYNOFA_ASSIGN_OR_RETURN(key.backend, members.Text("backend"));
  DYNOFA_ASSIGN_OR_RETURN(key.build, members.Text("build"));
  DYNOFA_ASSIGN_OR_RETURN(key.board, members.Text("board"));
  DYNOFA_ASSIGN_OR_RETURN(key.emulated_board, members.Text("emulated_board"));
  return key;
}

absl::StatusOr<Spread> ReadSpread(const Members& members) {
  Spread spread;
  DYNOFA_ASSIGN_OR_RETURN(spread.median, members.Number("median_ms", kMaxMs, false));
  DYNOFA_ASSIGN_OR_RETURN(spread.p10, members.Number("p10_ms", kMaxMs, false));
  DYNOFA_ASSIGN_OR_RETURN(spread.p90, members.Number("p90_ms", kMaxMs, false));
  DYNOFA_ASSIGN_OR_RETURN(spread.count, members.Integer("runs", 1, kMaxCount));
  if (spread.p10 > spread.median || spread.median > spread.p90) {
    return members.Error("has percentiles that do not ascend");
  }
  return spread;
}

absl::Status ReadEntry(const Json& json, std::string where, Profile& profile) {
  DYNOFA_ASSIGN_OR_RETURN(
      const Members members,
      Members::Of(json, std::move(where),
                  {"subnet", "cluster", "threads", "frequency_khz", "median_ms", "p10_ms", "p90_ms",
                   "runs", "label", "active_power_w", "power_label"}));
  ProfilePoint point;
  DYNOFA_ASSIGN_OR_RETURN(point.subnet, members.Id("subnet"));
  DYNOFA_ASSIGN_OR_RETURN(point.cluster, members.Id("cluster"));
  DYNOFA_ASSIGN_OR_RETURN(const std::int64_t threads, members.Integer("threads", 1, kMaxThreads));
  point.threads = static_cast<int>(threads);
  DYNOFA_ASSIGN_OR_RETURN(point.frequency_khz, members.Integer("frequency_khz", 0, kMaxKhz));
  ProfileEntry entry;
  DYNOFA_ASSIGN_OR_RETURN(entry.latency_ms, ReadSpread(members));
  DYNOFA_ASSIGN_OR_RETURN(entry.latency_evidence, members.Label("label"));
  if (members.Has("active_power_w")) {
    DYNOFA_ASSIGN_OR_RETURN(entry.active_power_w, members.Number("active_power_w", kMaxWatt, true));
    DYNOFA_ASSIGN_OR_RETURN(entry.power_evidence, members.Label("power_label"));
  }
  if (!profile.entries.emplace(std::move(point), entry).second) {
    return members.Error("is there twice");
  }
  return absl::OkStatus();
}

absl::StatusOr<ProfileGap> ReadGap(const Json& json, std::string where) {
  DYNOFA_ASSIGN_OR_RETURN(
      const Members members,
      Members::Of(json, std::move(where), {"cluster", "frequency_khz", "reason"}));
  ProfileGap gap;
  DYNOFA_ASSIGN_OR_RETURN(gap.cluster, members.Id("cluster"));
  DYNOFA_ASSIGN_OR_RETURN(gap.frequency_khz, members.Integer("frequency_khz", 0, kMaxKhz));
  DYNOFA_ASSIGN_OR_RETURN(gap.reason, members.Text("reason"));
  return gap;
}

absl::StatusOr<Profile> ReadProfile(const Json& json) {
  DYNOFA_ASSIGN_OR_RETURN(
      const Members members,
      Members::Of(json, "the profile", {"version", "key", "model", "entries", "gaps"}));
  DYNOFA_ASSIGN_OR_RETURN(const std::int64_t version,
                          members.Integer("version", 0, std::int64_t{1} << 31));
  if (version != kVersion) {
    return members.Error(
        base::StrCat("has version ", version, "; this program reads version ", kVersion));
  }
  Profile profile;
  if (!members.Has("key")) return members.Error("has no 'key'");
  DYNOFA_ASSIGN_OR_RETURN(profile.key, ReadKey(json["key"]));
  DYNOFA_ASSIGN_OR_RETURN(profile.model, members.Text("model"));
  DYNOFA_ASSIGN_OR_RETURN(const Json* const entries, members.Array("entries"));
  for (std::size_t i = 0; i < entries->size(); ++i) {
    DYNOFA_RETURN_IF_ERROR(ReadEntry((*entries)[i], base::StrCat("entry ", i), profile));
  }
  DYNOFA_ASSIGN_OR_RETURN(const Json* const gaps, members.Array("gaps"));
  for (std::size_t i = 0; i < gaps->size(); ++i) {
    DYNOFA_ASSIGN_OR_RETURN(ProfileGap gap, ReadGap((*gaps)[i], base::StrCat("gap ", i)));
    profile.gaps.push_back(std::move(gap));
  }
  return profile;
}

Json EntryToJson(const ProfilePoint& point, const ProfileEntry& entry) {
  Json json = {{"subnet", point.subnet},
               {"cluster", point.cluster},
               {"threads", point.threads},
               {"frequency_khz", point.frequency_khz},
               {"median_ms", entry.latency_ms.median},
               {"p10_ms", entry.latency_ms.p10},
               {"p90_ms", entry.latency_ms.p90},
               {"runs", entry.latency_ms.count},
               {"label", policies::EvidenceName(entry.latency_evidence)}};
  if (entry.active_power_w) {
    json["active_power_w"] = *entry.active_power_w;
    json["power_label"] = policies::EvidenceName(entry.power_evidence);
  }
  return json;
}

}  // namespace

std::string ProfileToJson(const Profile& profile) {
  Json entries = Json::array();
  for (const auto& [point, entry] : profile.entries) entries.push_back(EntryToJson(point, entry));
  Json gaps = Json::array();
  for (const ProfileGap& gap : profile.gaps) {
    gaps.push_back(
        {{"cluster", gap.cluster}, {"frequency_khz", gap.frequency_khz}, {"reason", gap.reason}});
  }
  const Json json = {{"version", kVersion},
                     {"key",
                      {{"weights", profile.key.weights},
                       {"backend", profile.key.backend},
                       {"build", profile.key.build},
                       {"board", profile.key.board},
                       {"emulated_board", profile.key.emulated_board}}},
                     {"model", profile.model},
                     {"entries", std::move(entries)},
                     {"gaps", std::move(gaps)}};
  // Names of hardware come from its firmware, in whatever encoding.
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

absl::StatusOr<Profile> ProfileFromJson(const std::string& text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return absl::InvalidArgumentError("is not JSON");
  return ReadProfile(json);
}

}  // namespace dynofa::engine
