#include "daemon/config/config.h"

#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/config/config_table.h"
#include "policies/registry.h"
#include "policies/requirement.h"

namespace dynofa::config {
namespace {

constexpr std::uintmax_t kMaxFileBytes = 1 << 20;
constexpr std::int64_t kMaxUid = 4294967294;  // 2^32 - 1 means "no uid"
constexpr std::size_t kMaxName = 32;
constexpr std::size_t kMaxPath = 4096;

const std::vector<std::string> kLogLevels = {"debug", "info", "warning", "error"};
const std::vector<std::string> kBackends = {"cpu", "torch"};

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= kMaxName &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string_view::npos;
}

/// `longest` counts without the terminating NUL.
absl::Status ReadPath(ConfigTable& table, std::string_view key, std::size_t longest,
                      std::string* path) {
  DYNOFA_RETURN_IF_ERROR(table.ReadString(key, path));
  const bool valid = !path->empty() && path->front() == '/' && path->size() <= longest &&
                     path->find('\0') == std::string::npos;
  if (!table.Has(key) || valid) return absl::OkStatus();
  return table.Error(key, base::StrCat("must be an absolute path of at most ", longest, " bytes"));
}

absl::Status ReadSocketPath(ConfigTable& table, std::string* path) {
  return ReadPath(table, "socket", sizeof(sockaddr_un::sun_path) - 1, path);
}

absl::Status ReadDaemon(ConfigTable& table, DaemonConfig* config) {
  DYNOFA_RETURN_IF_ERROR(ReadSocketPath(table, &config->socket));
  DYNOFA_RETURN_IF_ERROR(table.ReadString("socket_group", &config->socket_group));
  DYNOFA_RETURN_IF_ERROR(ReadPath(table, "state_dir", kMaxPath, &config->state_dir));
  DYNOFA_RETURN_IF_ERROR(table.ReadChoice("log_level", kLogLevels, &config->log_level));
  const std::vector<std::string_view> policies = policies::PolicyNames();
  DYNOFA_RETURN_IF_ERROR(
      table.ReadChoice("policy", {policies.begin(), policies.end()}, &config->policy));
  DYNOFA_RETURN_IF_ERROR(table.ReadString("power_mode", &config->power_mode));
  DYNOFA_RETURN_IF_ERROR(table.ReadInteger("tick_ms", 50, 10'000, &config->tick_ms));
  return table.RefuseOthers();
}

absl::Status ReadBoard(ConfigTable& table, BoardConfig* config) {
  DYNOFA_RETURN_IF_ERROR(ReadSocketPath(table, &config->socket));
  return table.RefuseOthers();
}

absl::Status ReadDbus(ConfigTable& table, DbusConfig* config) {
  DYNOFA_RETURN_IF_ERROR(table.ReadBool("enabled", &config->enabled));
  return table.RefuseOthers();
}

absl::Status ReadLimits(ConfigTable& table, AccessLimits* limits) {
  DYNOFA_RETURN_IF_ERROR(table.ReadInteger("max_sessions", 0, 4096, &limits->max_sessions));
  DYNOFA_RETURN_IF_ERROR(table.ReadInteger("max_in_flight", 0, 65'536, &limits->max_in_flight));
  DYNOFA_RETURN_IF_ERROR(table.ReadInteger("max_in_flight_bytes", std::int64_t{0},
                                           std::int64_t{1} << 40, &limits->max_in_flight_bytes));
  return table.ReadInteger("highest_priority", policies::kHighestPriority,
                           policies::kLowestPriority, &limits->highest_priority);
}

absl::Status ReadUid(ConfigTable& table, AccessConfig* config) {
  std::int64_t uid = -1;
  DYNOFA_RETURN_IF_ERROR(table.ReadInteger("uid", std::int64_t{0}, kMaxUid, &uid));
  if (uid < 0) return table.Error("uid", "is required");
  AccessLimits limits = config->defaults;
  DYNOFA_RETURN_IF_ERROR(ReadLimits(table, &limits));
  if (!config->uids.emplace(static_cast<std::uint32_t>(uid), limits).second) {
    return table.Error("uid", "is there twice");
  }
  return table.RefuseOthers();
}

absl::Status ReadAccess(ConfigTable& table, AccessConfig* config) {
  DYNOFA_RETURN_IF_ERROR(ReadLimits(table, &config->defaults));
  DYNOFA_ASSIGN_OR_RETURN(std::vector<ConfigTable> uids, table.Children("uid"));
  for (ConfigTable& uid : uids) DYNOFA_RETURN_IF_ERROR(ReadUid(uid, config));
  return table.RefuseOthers();
}

absl::Status ReadModel(ConfigTable& table, std::vector<ModelConfig>* models) {
  ModelConfig model;
  DYNOFA_RETURN_IF_ERROR(ReadPath(table, "path", kMaxPath, &model.path));
  if (model.path.empty()) return table.Error("path", "is required: the model's directory");
  DYNOFA_RETURN_IF_ERROR(table.ReadChoice("backend", kBackends, &model.backend));
  for (const ModelConfig& other : *models) {
    if (other.path == model.path) return table.Error("path", "is there twice");
  }
  models->push_back(std::move(model));
  return table.RefuseOthers();
}

absl::Status ReadObjective(ConfigTable& table, policies::Objective* objective) {
  using policies::Objective;
  constexpr Objective kObjectives[] = {Objective::kPerformance, Objective::kBalanced,
                                       Objective::kEnergy};
  std::vector<std::string> names;
  for (Objective known : kObjectives) names.emplace_back(policies::ObjectiveName(known));
  std::string name(policies::ObjectiveName(*objective));
  DYNOFA_RETURN_IF_ERROR(table.ReadChoice("objective", names, &name));
  *objective = kObjectives[std::find(names.begin(), names.end(), name) - names.begin()];
  return absl::OkStatus();
}

absl::Status ReadCaps(ConfigTable& table, policies::PowerMode* mode) {
  DYNOFA_RETURN_IF_ERROR(
      table.ReadNumber("max_share", {.min = 0.0, .max = 1.0, .above_min = true}, &mode->max_share));
  double watts = 0.0;
  DYNOFA_RETURN_IF_ERROR(
      table.ReadNumber("max_power_w", {.min = 0.0, .max = 1e6, .above_min = true}, &watts));
  if (watts > 0.0) mode->max_power_w = watts;
  DYNOFA_RETURN_IF_ERROR(table.ReadIntegers("max_khz", 1, 1'000'000'000, &mode->max_khz));
  std::map<std::string, std::int64_t> cores;
  DYNOFA_RETURN_IF_ERROR(table.ReadIntegers("max_cores", 0, 4096, &cores));
  for (const auto& [cluster, count] : cores) mode->max_cores[cluster] = static_cast<int>(count);
  return absl::OkStatus();
}

absl::StatusOr<policies::PowerMode> ReadPowerMode(ConfigTable& table) {
  policies::PowerMode mode;
  DYNOFA_RETURN_IF_ERROR(table.ReadString("name", &mode.name));
  if (!IsName(mode.name)) {
    return table.Error("name", base::StrCat("must be 1 to ", kMaxName,
                                            " lower-case letters, digits, \"-\" or \"_\""));
  }
  DYNOFA_RETURN_IF_ERROR(table.ReadString("description", &mode.description));
  DYNOFA_RETURN_IF_ERROR(ReadObjective(table, &mode.objective));
  DYNOFA_RETURN_IF_ERROR(
      table.ReadNumber("accuracy_worth_w", {.min = 0.0, .max = 1e6}, &mode.accuracy_worth_w));
  DYNOFA_RETURN_IF_ERROR(ReadCaps(table, &mode));
  DYNOFA_RETURN_IF_ERROR(table.RefuseOthers());
  return mode;
}

/// A mode with the name of a built-in one takes its place.
absl::Status ReadPowerModes(ConfigTable& root, std::vector<policies::PowerMode>* modes) {
  DYNOFA_ASSIGN_OR_RETURN(std::vector<ConfigTable> tables, root.Children("power_mode"));
  std::set<std::string> seen;
  for (ConfigTable& table : tables) {
    DYNOFA_ASSIGN_OR_RETURN(policies::PowerMode mode, ReadPowerMode(table));
    if (!seen.insert(mode.name).second) return table.Error("name", "is there twice");
    const auto same = std::find_if(modes->begin(), modes->end(),
                                   [&](const auto& known) { return known.name == mode.name; });
    if (same != modes->end()) {
      *same = std::move(mode);
    } else {
      modes->push_back(std::move(mode));
    }
  }
  return absl::OkStatus();
}

/// The mode to start in must exist; asked of the [daemon] table once all modes are known.
absl::Status CheckStartMode(ConfigTable& root, Config* config) {
  std::vector<std::string> names;
  for (const policies::PowerMode& mode : config->power_modes) names.push_back(mode.name);
  DYNOFA_ASSIGN_OR_RETURN(std::optional<ConfigTable> daemon, root.Child("daemon"));
  if (!daemon) return absl::OkStatus();
  return daemon->ReadChoice("power_mode", names, &config->daemon.power_mode);
}

/// Reads the table [key] with `read`, if the file has it.
template <typename Section>
absl::Status ReadSection(ConfigTable& root, std::string_view key,
                         absl::Status (*read)(ConfigTable&, Section*), Section* section) {
  DYNOFA_ASSIGN_OR_RETURN(std::optional<ConfigTable> table, root.Child(key));
  return table ? read(*table, section) : absl::OkStatus();
}

}  // namespace

Config DefaultConfig() {
  Config config;
  config.power_modes = {
      {.name = "performance",
       .description = "Most accuracy, then least latency, at full clocks",
       .objective = policies::Objective::kPerformance},
      {.name = "balanced",
       .description = "Least power that meets every requirement",
       .objective = policies::Objective::kBalanced},
      {.name = "power-saver",
       .description = "Least power, clocks capped at 60 % of their highest",
       .objective = policies::Objective::kEnergy,
       .max_share = 0.6},
  };
  return config;
}

absl::StatusOr<Config> ParseConfig(const std::string& text, const std::string& name) {
  DYNOFA_ASSIGN_OR_RETURN(ConfigTable root, ConfigTable::Parse(text, name));
  Config config = DefaultConfig();
  DYNOFA_RETURN_IF_ERROR(ReadSection(root, "daemon", ReadDaemon, &config.daemon));
  DYNOFA_RETURN_IF_ERROR(ReadSection(root, "board", ReadBoard, &config.board));
  DYNOFA_RETURN_IF_ERROR(ReadSection(root, "dbus", ReadDbus, &config.dbus));
  DYNOFA_RETURN_IF_ERROR(ReadSection(root, "access", ReadAccess, &config.access));
  DYNOFA_ASSIGN_OR_RETURN(std::vector<ConfigTable> models, root.Children("model"));
  for (ConfigTable& model : models) DYNOFA_RETURN_IF_ERROR(ReadModel(model, &config.models));
  DYNOFA_RETURN_IF_ERROR(ReadPowerModes(root, &config.power_modes));
  DYNOFA_RETURN_IF_ERROR(CheckStartMode(root, &config));
  DYNOFA_RETURN_IF_ERROR(root.RefuseOthers());
  return config;
}

absl::StatusOr<Config> LoadConfig(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return absl::InvalidArgumentError(base::StrCat(path, " is a directory, not a file"));
  }
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return base::ErrnoStatus(errno, base::StrCat("configuration ", path));
  std::string text(kMaxFileBytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > kMaxFileBytes) {
    return absl::InvalidArgumentError(
        base::StrCat(path, " is larger than ", kMaxFileBytes, " bytes"));
  }
  return ParseConfig(text, path);
}

}  // namespace dynofa::config
