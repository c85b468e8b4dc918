#include "daemon/emulator/board_file.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/base/toml_table.h"
#include "daemon/emulator/board_checks.h"

namespace dynofa::emulator {
namespace {

using base::TomlTable;
using Keys = std::vector<std::string_view>;

constexpr std::size_t kMostEntries = 64;
constexpr std::size_t kMostFrequencies = 256;
constexpr double kMostWatt = 10'000.0;
constexpr int kMostKhz = 100'000'000;

// "cpu0, cpu2" in messages and figures.
std::string Joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

class BoardReader {
 public:
  absl::StatusOr<BoardModel> Read(const TomlTable& root);

 private:
  /// A number of a table and where it goes.
  struct Number {
    std::string_view key;
    double* value;
    double low;
    double high;
  };

  absl::Status ReadHead(const TomlTable& root);
  absl::Status ReadSurroundings(const TomlTable& table);
  absl::Status ReadClusters(const TomlTable& table);
  absl::Status ReadDevice(const TomlTable& table, ClusterModel& cluster);
  absl::Status ReadClock(const TomlTable& table, const std::string& ids, ClusterModel& cluster);
  absl::Status ReadLatency(const TomlTable& table, const std::string& ids, ClusterModel& cluster);
  absl::Status ReadPower(const TomlTable& table, const std::string& ids, ClusterModel& cluster);
  absl::Status ReadZone(const TomlTable& table);
  absl::Status ReadRail(const TomlTable& table);
  absl::Status ReadSensor(const TomlTable& table, RailModel& rail);
  absl::Status ReadModes(const TomlTable& table);
  absl::Status ReadMode(const TomlTable& table);

  /// Refuses keys that are not in `keys`, and notes where the table's figures are from.
  absl::Status Begin(const TomlTable& table, const std::string& figure, Keys keys);
  absl::Status AddOrigin(const TomlTable& table, std::string_view key, const std::string& figure);
  /// Reads those of `numbers` that are there; all of them must be, unless `optional`.
  absl::Status ReadNumbers(const TomlTable& table, const std::vector<Number>& numbers,
                           bool optional = false);

  BoardModel board_;
};

absl::Status BoardReader::AddOrigin(const TomlTable& table, std::string_view key,
                                    const std::string& figure) {
  DYNOFA_ASSIGN_OR_RETURN(std::string origin, table.String(key));
  const auto has = [&](std::string_view kind) {
    return origin.rfind(kind, 0) == 0 && origin.size() > kind.size();
  };
  if (!has("published: ") && !has("modelling choice: ")) {
    return table.Error(key,
                       "must be \"published: \" and the source, or \"modelling choice: \" and the "
                       "reason");
  }
  board_.sources.push_back({figure, std::move(origin)});
  return absl::OkStatus();
}

absl::Status BoardReader::Begin(const TomlTable& table, const std::string& figure, Keys keys) {
  keys.insert(keys.end(), {"origin", "origins"});
  DYNOFA_RETURN_IF_ERROR(table.CheckKeys(keys));
  DYNOFA_RETURN_IF_ERROR(AddOrigin(table, "origin", figure));
  if (!table.Has("origins")) return absl::OkStatus();
  DYNOFA_ASSIGN_OR_RETURN(const TomlTable origins, table.Table("origins"));
  for (const std::string& key : origins.Keys()) {
    if (!table.Has(key)) return origins.Error(key, "is not a key of the table that it explains");
    DYNOFA_RETURN_IF_ERROR(AddOrigin(origins, key, base::StrCat(figure, ": ", key)));
  }
  return absl::OkStatus();
}

absl::Status BoardReader::ReadNumbers(const TomlTable& table, const std::vector<Number>& numbers,
                                      bool optional) {
  for (const Number& number : numbers) {
    if (optional && !table.Has(number.key)) continue;
    DYNOFA_ASSIGN_OR_RETURN(*number.value, table.Number(number.key, number.low, number.high));
  }
  return absl::OkStatus();
}

absl::Status BoardReader::ReadHead(const TomlTable& root) {
  DYNOFA_RETURN_IF_ERROR(
      root.CheckKeys({"format", "id", "name", "board", "cluster", "zone", "rail", "modes"}));
  DYNOFA_RETURN_IF_ERROR(root.Int("format", 1, 1).status());
  DYNOFA_ASSIGN_OR_RETURN(board_.id, root.String("id"));
  if (!IsBoardId(board_.id)) {
    return root.Error("id", "must be up to 64 of a-z, 0-9 and '-', and begin with a letter");
  }
  DYNOFA_ASSIGN_OR_RETURN(board_.name, root.String("name"));
  if (!IsPlainText(board_.name))
    return root.Error("name", "must be up to 128 printable characters");
  return absl::OkStatus();
}

absl::Status BoardReader::ReadSurroundings(const TomlTable& table) {
  DYNOFA_RETURN_IF_ERROR(
      Begin(table, "board",
            {"constant_w", "ambient_c", "board_k_per_w", "thermal_poll_s", "least_share"}));
  DYNOFA_RETURN_IF_ERROR(ReadNumbers(table, {{"ambient_c", &board_.ambient_c, -40, 120},
                                             {"board_k_per_w", &board_.board_k_per_w, 0, 1000},
                                             {"thermal_poll_s", &board_.thermal_poll_s, 0.01, 60},
                                             {"least_share", &board_.least_share, 0.001, 1}}));
  return ReadNumbers(table, {{"constant_w", &board_.constant_w, 0, kMostWatt}}, true);
}

absl::Status BoardReader::ReadDevice(const TomlTable& table, ClusterModel& cluster) {
  DYNOFA_ASSIGN_OR_RETURN(const std::string kind, table.String("kind"));
  if (kind != "cpu" && kind != "gpu") return table.Error("kind", "must be \"cpu\" or \"gpu\"");
  const bool cpu = kind == "cpu";
  cluster.kind = cpu ? policies::ClusterKind::kCpu : policies::ClusterKind::kGpu;
  DYNOFA_ASSIGN_OR_RETURN(cluster.cores, table.Int("cores", 1, 256));
  const Keys wanted = cpu ? Keys{"driver"} : Keys{"device", "node"};
  for (std::string_view key : {"driver", "device", "node"}) {
    const bool asked = std::find(wanted.begin(), wanted.end(), key) != wanted.end();
    if (!asked && !table.Has(key)) continue;
    if (!asked) return table.Error(key, base::StrCat("does not go with the kind ", kind));
    std::string& value = key == "driver" ? cluster.driver
                         : key == "node" ? cluster.node
                                         : cluster.device;
    DYNOFA_ASSIGN_OR_RETURN(value, table.String(key));
    if (!IsFileName(value)) return table.Error(key, kFileNameRule);
  }
  return absl::OkStatus();
}

absl::Status BoardReader::ReadClusters(const TomlTable& table) {
  ClusterModel cluster;
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<std::string> ids, table.Strings("ids"));
  const std::string all = Joined(ids);
  DYNOFA_RETURN_IF_ERROR(Begin(table, base::StrCat("clusters ", all),
                               {"ids", "kind", "cores", "driver", "device", "node", "zone",
                                "governors", "governor", "clock", "latency", "power"}));
  DYNOFA_RETURN_IF_ERROR(ReadDevice(table, cluster));
  DYNOFA_ASSIGN_OR_RETURN(cluster.zone, table.String("zone"));
  DYNOFA_ASSIGN_OR_RETURN(cluster.governors, table.Strings("governors"));
  DYNOFA_ASSIGN_OR_RETURN(cluster.default_governor, table.String("governor"));
  const absl::Status governors = CheckGovernors(cluster);
  if (!governors.ok()) return table.Error("governors", base::FromAbsl(governors.message()));
  DYNOFA_ASSIGN_OR_RETURN(const TomlTable clock, table.Table("clock"));
  DYNOFA_RETURN_IF_ERROR(ReadClock(clock, all, cluster));
  DYNOFA_ASSIGN_OR_RETURN(const TomlTable latency, table.Table("latency"));
  DYNOFA_RETURN_IF_ERROR(ReadLatency(latency, all, cluster));
  DYNOFA_ASSIGN_OR_RETURN(const TomlTable power, table.Table("power"));
  DYNOFA_RETURN_IF_ERROR(ReadPower(power, all, cluster));
  if (ids.empty()) return table.Error("ids", "must name a cluster");
  for (const std::string& id : ids) {
    cluster.id = id;
    if (board_.clusters.size() == kMostEntries) return table.Error("ids", "are too many clusters");
    const absl::Status fits = CheckClusterId(cluster, board_.clusters);
    if (!fits.ok()) return table.Error("ids", base::FromAbsl(fits.message()));
    board_.clusters.push_back(cluster);
  }
  return absl::OkStatus();
}

absl::Status BoardReader::ReadClock(const TomlTable& table, const std::string& ids,
                                    ClusterModel& cluster) {
  DYNOFA_RETURN_IF_ERROR(Begin(table, base::StrCat("clock of ", ids),
                               {"frequencies_khz", "min_khz", "max_khz", "transition_us"}));
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<int> khz, table.Ints("frequencies_khz"));
  if (khz.size() < 2 || khz.size() > kMostFrequencies || khz.front() < 1 || khz.back() > kMostKhz ||
      std::adjacent_find(khz.begin(), khz.end(), std::greater_equal<>()) != khz.end()) {
    return table.Error("frequencies_khz", base::StrCat("must be 2 to ", kMostFrequencies,
                                                       " rising numbers from 1 to ", kMostKhz));
  }
  cluster.frequencies_khz.assign(khz.begin(), khz.end());
  for (const auto& [key, value] : {std::pair{"min_khz", &cluster.default_min_khz},
                                   std::pair{"max_khz", &cluster.default_max_khz}}) {
    DYNOFA_ASSIGN_OR_RETURN(*value, table.Int64(key, 1, kMostKhz));
    if (!std::binary_search(khz.begin(), khz.end(), *value)) {
      return table.Error(key, "must be one of frequencies_khz");
    }
  }
  if (cluster.default_min_khz > cluster.default_max_khz) {
    return table.Error("min_khz", "must not be above max_khz");
  }
  DYNOFA_ASSIGN_OR_RETURN(cluster.transition_us, table.Int64("transition_us", 0, 10'000'000));
  return absl::OkStatus();
}

absl::Status BoardReader::ReadLatency(const TomlTable& table, const std::string& ids,
                                      ClusterModel& cluster) {
  LatencyCoefficients& c = cluster.latency;
  DYNOFA_RETURN_IF_ERROR(Begin(
      table, base::StrCat("latency of ", ids),
      {"launch_us", "launch_clock_share", "pixel_ns", "pixel_clock_share", "macs_per_cycle"}));
  return ReadNumbers(table, {{"launch_us", &c.launch_us, 0, 1e6},
                             {"launch_clock_share", &c.launch_clock_share, 0, 1},
                             {"pixel_ns", &c.pixel_ns, 0, 1e6},
                             {"pixel_clock_share", &c.pixel_clock_share, 0, 1},
                             {"macs_per_cycle", &c.macs_per_cycle, 1e-3, 1e6}});
}

absl::Status BoardReader::ReadPower(const TomlTable& table, const std::string& ids,
                                    ClusterModel& cluster) {
  PowerCoefficients& c = cluster.power;
  DYNOFA_RETURN_IF_ERROR(Begin(table, base::StrCat("power of ", ids),
                               {"capacitance_f", "min_volt", "max_volt", "volts", "idle_share",
                                "leakage_w", "leakage_per_k"}));
  DYNOFA_RETURN_IF_ERROR(ReadNumbers(table, {{"capacitance_f", &c.capacitance_f, 0, 1e-5},
                                             {"idle_share", &c.idle_share, 0, 1},
                                             {"leakage_w", &c.leakage_w, 0, 1000},
                                             {"leakage_per_k", &c.leakage_per_k, 0, 0.2}}));
  if (!table.Has("volts")) {
    DYNOFA_RETURN_IF_ERROR(
        ReadNumbers(table, {{"min_volt", &c.min_volt, 0.1, 5}, {"max_volt", &c.max_volt, 0.1, 5}}));
    if (c.min_volt > c.max_volt) return table.Error("min_volt", "must not be above max_volt");
    return absl::OkStatus();
  }
  if (table.Has("min_volt") || table.Has("max_volt")) {
    return table.Error("volts", "takes the place of min_volt and max_volt: give one or the other");
  }
  DYNOFA_ASSIGN_OR_RETURN(c.volts, table.Numbers("volts", cluster.frequencies_khz.size()));
  const auto possible = [](double volt) { return volt >= 0.1 && volt <= 5.0; };
  if (!std::all_of(c.volts.begin(), c.volts.end(), possible)) {
    return table.Error("volts", "must be in [0.1, 5]");
  }
  c.min_volt = c.volts.front();
  c.max_volt = c.volts.back();
  return absl::OkStatus();
}

absl::Status BoardReader::ReadZone(const TomlTable& table) {
  ZoneModel zone;
  DYNOFA_ASSIGN_OR_RETURN(zone.type, table.String("type"));
  if (!IsFileName(zone.type)) return table.Error("type", kFileNameRule);
  DYNOFA_RETURN_IF_ERROR(Begin(table, base::StrCat("zone ", zone.type),
                               {"type", "k_per_w", "tau_s", "trip_c", "hysteresis_c"}));
  for (const ZoneModel& other : board_.zones) {
    if (other.type == zone.type) return table.Error("type", "is the type of another zone, too");
  }
  DYNOFA_RETURN_IF_ERROR(ReadNumbers(
      table, {{"k_per_w", &zone.k_per_w, 0, 1000}, {"tau_s", &zone.tau_s, 0.01, 100'000}}));
  DYNOFA_RETURN_IF_ERROR(ReadNumbers(
      table, {{"trip_c", &zone.trip_c, 1, 200}, {"hysteresis_c", &zone.hysteresis_c, 0, 100}},
      true));
  board_.zones.push_back(std::move(zone));
  return absl::OkStatus();
}

absl::Status BoardReader::ReadRail(const TomlTable& table) {
  RailModel rail;
  DYNOFA_ASSIGN_OR_RETURN(rail.name, table.String("name"));
  if (!IsFileName(rail.name)) return table.Error("name", kFileNameRule);
  DYNOFA_RETURN_IF_ERROR(
      Begin(table, base::StrCat("rail ", rail.name),
            {"name", "constant_w", "clusters", "total", "sensor", "device", "channel", "volt"}));
  for (const RailModel& other : board_.rails) {
    if (other.name == rail.name) return table.Error("name", "is the name of another rail, too");
  }
  DYNOFA_RETURN_IF_ERROR(ReadNumbers(table, {{"constant_w", &rail.constant_w, 0, kMostWatt}}));
  if (table.Has("total")) {
    DYNOFA_ASSIGN_OR_RETURN(rail.total, table.Bool("total"));
  }
  if (table.Has("clusters")) {
    DYNOFA_ASSIGN_OR_RETURN(rail.clusters, table.Strings("clusters"));
  }
  for (const std::string& cluster : rail.clusters) {
    if (board_.Find(cluster) == nullptr) {
      return table.Error("clusters", base::StrCat("names ", cluster, ", which is no cluster"));
    }
  }
  DYNOFA_RETURN_IF_ERROR(ReadSensor(table, rail));
  board_.rails.push_back(std::move(rail));
  return absl::OkStatus();
}

absl::Status BoardReader::ReadSensor(const TomlTable& table, RailModel& rail) {
  if (!table.Has("sensor")) {
    for (std::string_view key : {"device", "channel", "volt"}) {
      if (table.Has(key)) return table.Error(key, "needs a sensor");
    }
    return absl::OkStatus();
  }
  DYNOFA_ASSIGN_OR_RETURN(rail.sensor, table.String("sensor"));
  if (rail.sensor != "ina3221" && rail.sensor != "ina231" && rail.sensor != "rapl") {
    return table.Error("sensor", "must be \"ina3221\", \"ina231\" or \"rapl\"");
  }
  DYNOFA_ASSIGN_OR_RETURN(rail.device, table.String("device"));
  if (!IsFileName(rail.device)) return table.Error("device", kFileNameRule);
  if (rail.sensor != "rapl" && !IsI2cDevice(rail.device)) {
    return table.Error("device", "must be a bus and an address, such as \"7-0040\"");
  }
  if (table.Has("channel")) {
    DYNOFA_ASSIGN_OR_RETURN(rail.channel, table.Int("channel", 1, 3));
  }
  return ReadNumbers(table, {{"volt", &rail.volt, 0.1, 1000}}, true);
}

absl::Status BoardReader::ReadModes(const TomlTable& table) {
  DYNOFA_RETURN_IF_ERROR(Begin(table, "power modes", {"mode"}));
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<TomlTable> modes, table.Tables("mode"));
  if (modes.size() > kMostEntries) return table.Error("mode", "are too many");
  for (const TomlTable& mode : modes) DYNOFA_RETURN_IF_ERROR(ReadMode(mode));
  return absl::OkStatus();
}

absl::Status BoardReader::ReadMode(const TomlTable& table) {
  DYNOFA_RETURN_IF_ERROR(
      table.CheckKeys({"name", "description", "max_khz", "max_cores", "max_power_w"}));
  policies::PowerMode mode;
  DYNOFA_ASSIGN_OR_RETURN(mode.name, table.String("name"));
  DYNOFA_ASSIGN_OR_RETURN(mode.description, table.String("description"));
  if (!IsFileName(mode.name)) return table.Error("name", kFileNameRule);
  if (!IsPlainText(mode.description)) return table.Error("description", "must be printable");
  const auto read = [&](std::string_view key, auto& values, int low, int high) -> absl::Status {
    if (!table.Has(key)) return absl::OkStatus();
    DYNOFA_ASSIGN_OR_RETURN(const TomlTable caps, table.Table(key));
    for (const std::string& cluster : caps.Keys()) {
      if (board_.Find(cluster) == nullptr) return caps.Error(cluster, "is no cluster");
      DYNOFA_ASSIGN_OR_RETURN(values[cluster], caps.Int(cluster, low, high));
    }
    return absl::OkStatus();
  };
  DYNOFA_RETURN_IF_ERROR(read("max_khz", mode.max_khz, 1, kMostKhz));
  DYNOFA_RETURN_IF_ERROR(read("max_cores", mode.max_cores, 0, 256));
  if (table.Has("max_power_w")) {
    DYNOFA_ASSIGN_OR_RETURN(mode.max_power_w, table.Number("max_power_w", 0.001, kMostWatt));
  }
  board_.modes.push_back(std::move(mode));
  return absl::OkStatus();
}

absl::StatusOr<BoardModel> BoardReader::Read(const TomlTable& root) {
  DYNOFA_RETURN_IF_ERROR(ReadHead(root));
  DYNOFA_ASSIGN_OR_RETURN(const TomlTable surroundings, root.Table("board"));
  DYNOFA_RETURN_IF_ERROR(ReadSurroundings(surroundings));
  using Reading = absl::Status (BoardReader::*)(const TomlTable&);
  for (const auto& [key, read] :
       {std::pair<const char*, Reading>{"cluster", &BoardReader::ReadClusters},
        {"zone", &BoardReader::ReadZone},
        {"rail", &BoardReader::ReadRail}}) {
    if (key != std::string_view("cluster") && !root.Has(key)) continue;
    DYNOFA_ASSIGN_OR_RETURN(const std::vector<TomlTable> tables, root.Tables(key));
    if (tables.empty() || tables.size() > kMostEntries) {
      return root.Error(key, base::StrCat("must be 1 to ", kMostEntries, " tables"));
    }
    for (const TomlTable& table : tables) DYNOFA_RETURN_IF_ERROR((this->*read)(table));
  }
  if (root.Has("modes")) {
    DYNOFA_ASSIGN_OR_RETURN(const TomlTable modes, root.Table("modes"));
    DYNOFA_RETURN_IF_ERROR(ReadModes(modes));
  }
  const absl::Status whole = CheckWhole(board_);
  if (!whole.ok()) return root.Error("board", base::FromAbsl(whole.message()));
  return std::move(board_);
}

}  // namespace

absl::StatusOr<BoardModel> ParseBoardFile(std::string_view text, const std::string& file) {
  if (text.size() > kMaxBoardFile) {
    return absl::InvalidArgumentError(
        base::StrCat(file, ": longer than ", kMaxBoardFile, " bytes, so not a board file"));
  }
  DYNOFA_ASSIGN_OR_RETURN(const TomlTable root, TomlTable::Parse(text, file));
  DYNOFA_ASSIGN_OR_RETURN(BoardModel board, BoardReader().Read(root));
  board.file_text = std::string(text);
  return board;
}

}  // namespace dynofa::emulator
