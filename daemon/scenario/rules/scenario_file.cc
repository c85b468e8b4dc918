#include "daemon/scenario/rules/scenario_file.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/files.h"
#include "daemon/engine/ofa/manifest.h"
#include "daemon/engine/ofa/model.h"
#include "daemon/engine/toml_file.h"
#include "daemon/scenario/rules/ladder_file.h"

namespace dynofa::scenario {
namespace {

using base::TomlTable;

constexpr std::int64_t kMaxFileBytes = 4 << 20;
constexpr double kMaxLengthS = 7 * 24 * 3600.0;
constexpr std::size_t kMaxClients = 1024;
constexpr std::size_t kMaxEvents = 10'000;
constexpr std::size_t kMaxArrivals = 1'000'000;
constexpr double kMaxLoadPercent = 1000.0;

/// Leaves `value` as it is if the table has no such key.
absl::Status ReadNumber(const TomlTable& table, std::string_view key, double low, double high,
                        double* value) {
  if (!table.Has(key)) return absl::OkStatus();
  DYNOFA_ASSIGN_OR_RETURN(*value, table.Number(key, low, high));
  return absl::OkStatus();
}

absl::Status ReadNumber(const TomlTable& table, std::string_view key, double low, double high,
                        std::optional<double>* value) {
  if (!table.Has(key)) return absl::OkStatus();
  DYNOFA_ASSIGN_OR_RETURN(*value, table.Number(key, low, high));
  return absl::OkStatus();
}

/// `lowest` itself is not allowed.
absl::Status CheckAbove(const TomlTable& table, std::string_view key, double lowest) {
  if (!table.Has(key)) return absl::OkStatus();
  DYNOFA_ASSIGN_OR_RETURN(const double value, table.Number(key, lowest, 1e300));
  if (value > lowest) return absl::OkStatus();
  return table.Error(key, base::StrCat("must be above ", lowest));
}

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= 32 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string_view::npos;
}

absl::StatusOr<std::string> ReadName(const TomlTable& table, std::string_view key) {
  DYNOFA_ASSIGN_OR_RETURN(std::string name, table.String(key));
  if (!IsName(name)) return table.Error(key, "must have 1 to 32 of a-z, 0-9, - and _");
  return name;
}

/// The tables of an array that may be missing.
absl::StatusOr<std::vector<TomlTable>> Tables(const TomlTable& table, std::string_view key,
                                              std::size_t most) {
  if (!table.Has(key)) return std::vector<TomlTable>();
  DYNOFA_ASSIGN_OR_RETURN(std::vector<TomlTable> tables, table.Tables(key));
  if (tables.size() <= most) return tables;
  return table.Error(key, base::StrCat("may come at most ", most, " times"));
}

template <typename Item>
std::string Names(const std::vector<Item>& items) {
  std::string names;
  for (const Item& item : items) names += (names.empty() ? "" : ", ") + item.name;
  return names.empty() ? "none" : names;
}

template <typename Item>
std::optional<std::size_t> IndexOf(const std::vector<Item>& items, std::string_view name) {
  const auto found =
      std::find_if(items.begin(), items.end(), [&](const Item& item) { return item.name == name; });
  if (found == items.end()) return std::nullopt;
  return static_cast<std::size_t>(found - items.begin());
}

absl::StatusOr<engine::ModelInfo> LoadCatalogue(const std::string& directory) {
  DYNOFA_ASSIGN_OR_RETURN(const TomlTable table,
                          engine::ReadTomlFile(directory + "/" + engine::ofa::kManifestFile));
  DYNOFA_ASSIGN_OR_RETURN(const engine::ofa::Manifest manifest, engine::ofa::ReadManifest(table));
  return engine::ofa::Describe(manifest);
}

absl::Status ReadModel(const TomlTable& table, const std::string& folder, Scenario* scenario) {
  DYNOFA_RETURN_IF_ERROR(table.CheckKeys({"name", "ladder", "directory"}));
  Model model;
  DYNOFA_ASSIGN_OR_RETURN(model.name, ReadName(table, "name"));
  if (IndexOf(scenario->models, model.name)) return table.Error("name", "is there twice");
  if (table.Has("ladder") == table.Has("directory")) {
    return table.Error("name", "must come with ladder or with directory, not both");
  }
  const char* const key = table.Has("ladder") ? "ladder" : "directory";
  DYNOFA_ASSIGN_OR_RETURN(const std::string place, table.String(key));
  const std::string path = (std::filesystem::path(folder) / place).string();
  absl::StatusOr<engine::ModelInfo> info =
      table.Has("ladder") ? LoadLadder(path) : LoadCatalogue(path);
  if (!info.ok()) return base::Annotate(info.status(), table.Place(key));
  model.info = *std::move(info);
  model.info.name = model.name;
  scenario->models.push_back(std::move(model));
  return absl::OkStatus();
}

absl::Status ReadPowerMode(const TomlTable& table, Scenario* scenario) {
  DYNOFA_RETURN_IF_ERROR(
      table.CheckKeys({"name", "objective", "accuracy_worth_w", "max_share", "max_power_w"}));
  policies::PowerMode mode;
  DYNOFA_ASSIGN_OR_RETURN(mode.name, ReadName(table, "name"));
  if (IndexOf(scenario->power_modes, mode.name)) return table.Error("name", "is there twice");
  if (table.Has("objective")) {
    DYNOFA_ASSIGN_OR_RETURN(const std::string name, table.String("objective"));
    bool known = false;
    for (const auto objective : {policies::Objective::kPerformance, policies::Objective::kBalanced,
                                 policies::Objective::kEnergy}) {
      if (policies::ObjectiveName(objective) != name) continue;
      mode.objective = objective;
      known = true;
    }
    if (!known) return table.Error("objective", "must be performance, balanced or energy");
  }
  DYNOFA_RETURN_IF_ERROR(ReadNumber(table, "accuracy_worth_w", 0.0, 1e6, &mode.accuracy_worth_w));
  DYNOFA_RETURN_IF_ERROR(CheckAbove(table, "max_share", 0.0));
  DYNOFA_RETURN_IF_ERROR(ReadNumber(table, "max_share", 0.0, 1.0, &mode.max_share));
  DYNOFA_RETURN_IF_ERROR(ReadNumber(table, "max_power_w", 0.1, 1e4, &mode.max_power_w));
  scenario->power_modes.push_back(std::move(mode));
  return absl::OkStatus();
}

absl::Status ReadRecorded(const TomlTable& table, Arrivals* arrivals) {
  DYNOFA_ASSIGN_OR_RETURN(arrivals->times_s,
                          table.NumberList("times_s", 0.0, kMaxLengthS, kMaxArrivals));
  const std::vector<double>& times = arrivals->times_s;
  if (times.empty() || !std::is_sorted(times.begin(), times.end())) {
    return table.Error("times_s", "must have at least one time, and ascend");
  }
  DYNOFA_RETURN_IF_ERROR(ReadNumber(table, "repeat_s", 1e-3, kMaxLengthS, &arrivals->repeat_s));
  if (arrivals->repeat_s > 0.0 && arrivals->repeat_s <= times.back()) {
    return table.Error("repeat_s", "must be above the last of times_s");
  }
  const double span = arrivals->repeat_s > 0.0 ? arrivals->repeat_s : times.back();
  arrivals->rate_hz = span > 0.0 ? static_cast<double>(times.size()) / span : 0.0;
  return absl::OkStatus();
}

absl::Status ReadBursts(const TomlTable& table, Arrivals* arrivals) {
  DYNOFA_ASSIGN_OR_RETURN(arrivals->burst_every_s, table.Number("every_s", 0.01, kMaxLengthS));
  DYNOFA_ASSIGN_OR_RETURN(arrivals->burst_length_s,
                          table.Number("length_s", 0.001, arrivals->burst_every_s));
  DYNOFA_ASSIGN_OR_RETURN(arrivals->burst_rate_hz,
                          table.Number("burst_rate_hz", 0.01, policies::kMaxRateHz));
  DYNOFA_ASSIGN_OR_RETURN(arrivals->rate_hz, table.Number("rate_hz", 0.0, policies::kMaxRateHz));
  return absl::OkStatus();
}

/// The rate of periodic and Poisson arrivals: in requests per second or in percent of what the
/// board can do.
absl::Status ReadRate(const TomlTable& table, Arrivals* arrivals) {
  if (table.Has("rate_hz") == table.Has("load_percent")) {
    return table.Error("rate_hz", "or load_percent must be there, and not both");
  }
  DYNOFA_RETURN_IF_ERROR(
      ReadNumber(table, "load_percent", 0.1, kMaxLoadPercent, &arrivals->load_percent));
  return ReadNumber(table, "rate_hz", 1e-3, policies::kMaxRateHz, &arrivals->rate_hz);
}

absl::StatusOr<Arrivals> ReadArrivals(const TomlTable& table) {
  Arrivals arrivals;
  DYNOFA_ASSIGN_OR_RETURN(const std::string kind, table.String("kind"));
  if (kind == "periodic") {
    DYNOFA_RETURN_IF_ERROR(table.CheckKeys({"kind", "rate_hz", "load_percent", "jitter_ms"}));
    DYNOFA_RETURN_IF_ERROR(ReadRate(table, &arrivals));
    DYNOFA_RETURN_IF_ERROR(ReadNumber(table, "jitter_ms", 0.0, 1e6, &arrivals.jitter_ms));
  } else if (kind == "poisson") {
    arrivals.kind = Arrivals::Kind::kPoisson;
    DYNOFA_RETURN_IF_ERROR(table.CheckKeys({"kind", "rate_hz", "load_percent"}));
    DYNOFA_RETURN_IF_ERROR(ReadRate(table, &arrivals));
  } else if (kind == "bursts") {
    arrivals.kind = Arrivals::Kind::kBursts;
    DYNOFA_RETURN_IF_ERROR(
        table.CheckKeys({"kind", "rate_hz", "burst_rate_hz", "every_s", "length_s"}));
    DYNOFA_RETURN_IF_ERROR(ReadBursts(table, &arrivals));
  } else if (kind == "recorded") {
    arrivals.kind = Arrivals::Kind::kRecorded;
    DYNOFA_RETURN_IF_ERROR(table.CheckKeys({"kind", "times_s", "repeat_s"}));
    DYNOFA_RETURN_IF_ERROR(ReadRecorded(table, &arrivals));
  } else {
    return table.Error("kind", "must be periodic, poisson, bursts or recorded");
  }
  return arrivals;
}

absl::Status ReadRequirement(const TomlTable& table, policies::Requirement* requirement) {
  DYNOFA_RETURN_IF_ERROR(CheckAbove(table, "latency_ms", 0.0));
  DYNOFA_RETURN_IF_ERROR(
      ReadNumber(table, "latency_ms", 0.0, policies::kMaxLatencyMs, &requirement->latency_ms));
  DYNOFA_RETURN_IF_ERROR(ReadNumber(table, "percentile", 1.0, 99.99, &requirement->percentile));
  DYNOFA_RETURN_IF_ERROR(ReadNumber(table, "min_accuracy", 0.0, 1.0, &requirement->min_accuracy));
  DYNOFA_RETURN_IF_ERROR(CheckAbove(table, "max_energy_mj", 0.0));
  DYNOFA_RETURN_IF_ERROR(ReadNumber(table, "max_energy_mj", 0.0, 1e9, &requirement->max_energy_mj));
  if (table.Has("priority")) {
    DYNOFA_ASSIGN_OR_RETURN(requirement->priority, table.Int("priority", policies::kHighestPriority,
                                                             policies::kLowestPriority));
  }
  return absl::OkStatus();
}

absl::Status ReadClient(const TomlTable& table, Scenario* scenario) {
  DYNOFA_RETURN_IF_ERROR(table.CheckKeys(
      {"name", "model", "latency_ms", "percentile", "min_accuracy", "max_energy_mj", "priority",
       "declares_rate", "start_s", "stop_s", "patience_ms", "arrivals"}));
  Client client;
  DYNOFA_ASSIGN_OR_RETURN(client.name, ReadName(table, "name"));
  if (IndexOf(scenario->clients, client.name)) return table.Error("name", "is there twice");
  DYNOFA_ASSIGN_OR_RETURN(client.model, table.String("model"));
  if (!IndexOf(scenario->models, client.model)) {
    return table.Error("model", base::StrCat("must be one of: ", Names(scenario->models)));
  }
  DYNOFA_RETURN_IF_ERROR(ReadRequirement(table, &client.requirement));
  if (table.Has("declares_rate")) {
    DYNOFA_ASSIGN_OR_RETURN(client.declares_rate, table.Bool("declares_rate"));
  }
  DYNOFA_RETURN_IF_ERROR(ReadNumber(table, "start_s", 0.0, scenario->length_s, &client.start_s));
  DYNOFA_RETURN_IF_ERROR(
      ReadNumber(table, "stop_s", client.start_s, scenario->length_s, &client.stop_s));
  DYNOFA_RETURN_IF_ERROR(
      ReadNumber(table, "patience_ms", 1.0, policies::kMaxLatencyMs, &client.patience_ms));
  DYNOFA_ASSIGN_OR_RETURN(const TomlTable arrivals, table.Table("arrivals"));
  DYNOFA_ASSIGN_OR_RETURN(client.arrivals, ReadArrivals(arrivals));
  scenario->clients.push_back(std::move(client));
  return absl::OkStatus();
}

absl::Status ReadClientEvent(const TomlTable& table, const Scenario& scenario, Event* event) {
  DYNOFA_RETURN_IF_ERROR(table.CheckKeys({"at_s", "client", "latency_ms", "percentile",
                                          "min_accuracy", "priority", "rate_hz", "load_percent"}));
  DYNOFA_ASSIGN_OR_RETURN(const std::string name, table.String("client"));
  const auto client = IndexOf(scenario.clients, name);
  if (!client) {
    return table.Error("client", base::StrCat("must be one of: ", Names(scenario.clients)));
  }
  if (table.Keys().size() < 3) return table.Error("client", "must come with what changes");
  RequirementChange change{.client = *client};
  policies::Requirement requirement;
  DYNOFA_RETURN_IF_ERROR(ReadRequirement(table, &requirement));
  change.latency_ms = requirement.latency_ms;
  change.min_accuracy = requirement.min_accuracy;
  if (table.Has("percentile")) change.percentile = requirement.percentile;
  if (table.Has("priority")) change.priority = requirement.priority;
  DYNOFA_RETURN_IF_ERROR(ReadNumber(table, "rate_hz", 1e-3, policies::kMaxRateHz, &change.rate_hz));
  DYNOFA_RETURN_IF_ERROR(
      ReadNumber(table, "load_percent", 0.1, kMaxLoadPercent, &change.load_percent));
  const Arrivals::Kind kind = scenario.clients[*client].arrivals.kind;
  const bool has_rate = kind == Arrivals::Kind::kPeriodic || kind == Arrivals::Kind::kPoisson;
  for (const char* key : {"rate_hz", "load_percent"}) {
    if (table.Has(key) && !has_rate) {
      return table.Error(key, "can change for periodic and poisson arrivals only");
    }
  }
  if (change.rate_hz && change.load_percent) {
    return table.Error("rate_hz", "and load_percent exclude each other");
  }
  event->change = change;
  return absl::OkStatus();
}

absl::Status ReadClusterEvent(const TomlTable& table, Event* event) {
  DYNOFA_RETURN_IF_ERROR(table.CheckKeys({"at_s", "cluster", "neighbour_load", "available"}));
  DYNOFA_ASSIGN_OR_RETURN(const std::string cluster, table.String("cluster"));
  if (table.Has("neighbour_load") == table.Has("available")) {
    return table.Error("cluster", "must come with neighbour_load or with available, not both");
  }
  if (table.Has("available")) {
    DYNOFA_ASSIGN_OR_RETURN(const bool available, table.Bool("available"));
    event->change = ClusterChange{cluster, available};
    return absl::OkStatus();
  }
  DYNOFA_ASSIGN_OR_RETURN(const double load, table.Number("neighbour_load", 0.0, 0.99));
  event->change = NeighbourChange{cluster, load};
  return absl::OkStatus();
}

absl::Status ReadBoardEvent(const TomlTable& table, Event* event) {
  DYNOFA_RETURN_IF_ERROR(table.CheckKeys({"at_s", "power_mode", "power_cap_w", "ambient_c"}));
  if (table.Keys().size() != 2) {
    return table.Error("at_s",
                       "must come with one of: client, cluster, power_mode, power_cap_w, "
                       "ambient_c; put what happens at once into events of the same time");
  }
  if (table.Has("power_mode")) {
    DYNOFA_ASSIGN_OR_RETURN(std::string mode, table.String("power_mode"));
    event->change = ModeChange{std::move(mode)};
  } else if (table.Has("power_cap_w")) {
    DYNOFA_ASSIGN_OR_RETURN(const double watt, table.Number("power_cap_w", 0.0, 1e4));
    event->change = PowerCapChange{watt > 0.0 ? std::optional(watt) : std::nullopt};
  } else {
    DYNOFA_ASSIGN_OR_RETURN(const double celsius, table.Number("ambient_c", -40.0, 120.0));
    event->change = AmbientChange{celsius};
  }
  return absl::OkStatus();
}

absl::Status ReadEvent(const TomlTable& table, Scenario* scenario) {
  Event event;
  DYNOFA_ASSIGN_OR_RETURN(event.at_s, table.Number("at_s", 0.0, scenario->length_s));
  if (table.Has("client")) {
    DYNOFA_RETURN_IF_ERROR(ReadClientEvent(table, *scenario, &event));
  } else if (table.Has("cluster")) {
    DYNOFA_RETURN_IF_ERROR(ReadClusterEvent(table, &event));
  } else {
    DYNOFA_RETURN_IF_ERROR(ReadBoardEvent(table, &event));
  }
  scenario->events.push_back(std::move(event));
  return absl::OkStatus();
}

absl::Status ReadHead(const TomlTable& root, Scenario* scenario) {
  DYNOFA_RETURN_IF_ERROR(
      root.CheckKeys({"title", "about", "board", "power_mode", "length_s", "warm_up_s", "seed",
                      "service_noise", "power_mode_def", "model", "client", "event"}));
  DYNOFA_ASSIGN_OR_RETURN(scenario->title, root.String("title"));
  DYNOFA_ASSIGN_OR_RETURN(scenario->about, root.String("about"));
  DYNOFA_ASSIGN_OR_RETURN(scenario->board, root.String("board"));
  DYNOFA_ASSIGN_OR_RETURN(scenario->length_s, root.Number("length_s", 1.0, kMaxLengthS));
  DYNOFA_RETURN_IF_ERROR(
      ReadNumber(root, "warm_up_s", 0.0, scenario->length_s * 0.9, &scenario->warm_up_s));
  DYNOFA_RETURN_IF_ERROR(ReadNumber(root, "service_noise", 0.0, 1.0, &scenario->service_noise));
  if (root.Has("seed")) {
    DYNOFA_ASSIGN_OR_RETURN(const std::int64_t seed,
                            root.Int64("seed", 1, std::numeric_limits<std::int64_t>::max()));
    scenario->seed = static_cast<std::uint64_t>(seed);
  }
  if (root.Has("power_mode")) {
    DYNOFA_ASSIGN_OR_RETURN(scenario->power_mode, root.String("power_mode"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Scenario> ParseScenario(std::string_view text, const std::string& path) {
  DYNOFA_ASSIGN_OR_RETURN(const TomlTable root, TomlTable::Parse(text, path));
  const std::filesystem::path file(path);
  Scenario scenario;
  scenario.id = file.stem().string();
  DYNOFA_RETURN_IF_ERROR(ReadHead(root, &scenario));
  DYNOFA_ASSIGN_OR_RETURN(const auto modes, Tables(root, "power_mode_def", 64));
  for (const TomlTable& table : modes) DYNOFA_RETURN_IF_ERROR(ReadPowerMode(table, &scenario));
  DYNOFA_ASSIGN_OR_RETURN(const auto models, Tables(root, "model", 16));
  const std::string folder = file.parent_path().string();
  for (const TomlTable& table : models) {
    DYNOFA_RETURN_IF_ERROR(ReadModel(table, folder, &scenario));
  }
  if (scenario.models.empty()) return root.Error("model", "is missing; name at least one");
  DYNOFA_ASSIGN_OR_RETURN(const auto clients, Tables(root, "client", kMaxClients));
  for (const TomlTable& table : clients) DYNOFA_RETURN_IF_ERROR(ReadClient(table, &scenario));
  if (scenario.clients.empty()) return root.Error("client", "is missing; name at least one");
  DYNOFA_ASSIGN_OR_RETURN(const auto events, Tables(root, "event", kMaxEvents));
  for (const TomlTable& table : events) DYNOFA_RETURN_IF_ERROR(ReadEvent(table, &scenario));
  std::stable_sort(scenario.events.begin(), scenario.events.end(),
                   [](const Event& a, const Event& b) { return a.at_s < b.at_s; });
  return scenario;
}

absl::StatusOr<Scenario> LoadScenario(const std::string& path) {
  DYNOFA_ASSIGN_OR_RETURN(const auto contents, engine::ReadWholeFile(path, kMaxFileBytes));
  return ParseScenario({reinterpret_cast<const char*>(contents.data()), contents.size()}, path);
}

}  // namespace dynofa::scenario
