#include "daemon/emulator/fault.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/base/toml_table.h"

namespace dynofa::emulator {
namespace {

using base::TomlTable;
using Keys = std::vector<std::string_view>;

constexpr std::size_t kMostFaults = 1000;
constexpr double kMostSeconds = 1e6;
constexpr int kMostWrites = 1'000'000;
constexpr std::int64_t kMostKhz = 100'000'000;

constexpr std::array<std::pair<std::string_view, int>, 7> kErrors = {{{"EBUSY", EBUSY},
                                                                      {"EINVAL", EINVAL},
                                                                      {"ENODEV", ENODEV},
                                                                      {"EIO", EIO},
                                                                      {"EPERM", EPERM},
                                                                      {"EACCES", EACCES},
                                                                      {"ENODATA", ENODATA}}};

// A kind, its name, and its keys besides those that all have.
struct KindRow {
  FaultKind kind;
  std::string_view name;
  Keys keys;
};

const std::vector<KindRow>& Kinds() {
  static const std::vector<KindRow> kinds = {
      {FaultKind::kRefuse, "refuse", {"cluster", "knob", "writes", "error"}},
      {FaultKind::kClamp, "clamp", {"cluster", "writes", "khz"}},
      {FaultKind::kLate, "late", {"cluster", "knob", "writes", "late_s"}},
      {FaultKind::kBlock, "block", {"cluster", "knob", "writes"}},
      {FaultKind::kStale, "stale", {"cluster", "zone", "rail"}},
      {FaultKind::kHide, "hide", {"cluster", "knob", "zone", "rail"}},
      {FaultKind::kTrip, "trip", {"zone", "celsius"}},
      {FaultKind::kForeign, "foreign", {"cluster", "governor", "min_khz", "max_khz"}},
      {FaultKind::kAway, "away", {"cluster", "index", "reset"}},
  };
  return kinds;
}

absl::StatusOr<const KindRow*> KindOf(const TomlTable& table) {
  DYNOFA_ASSIGN_OR_RETURN(const std::string name, table.String("kind"));
  std::string known;
  for (const KindRow& row : Kinds()) {
    if (row.name == name) return &row;
    known += base::StrCat(known.empty() ? "" : ", ", row.name);
  }
  return table.Error("kind", base::StrCat("must be one of ", known));
}

absl::Status ReadWhen(const TomlTable& table, Fault& fault) {
  if (table.Has("at_write") && table.Has("at_s")) {
    return table.Error("at_write", "and at_s exclude each other");
  }
  if (table.Has("at_s")) {
    DYNOFA_ASSIGN_OR_RETURN(fault.at_s, table.Number("at_s", 0, kMostSeconds));
  }
  if (table.Has("at_write")) {
    DYNOFA_ASSIGN_OR_RETURN(fault.at_write, table.Int("at_write", 1, kMostWrites));
  }
  if (table.Has("writes")) {
    if (fault.at_write == 0) return table.Error("writes", "needs at_write");
    DYNOFA_ASSIGN_OR_RETURN(fault.writes, table.Int("writes", 1, kMostWrites));
  }
  if (table.Has("for_s")) {
    DYNOFA_ASSIGN_OR_RETURN(fault.for_s, table.Number("for_s", 1e-3, kMostSeconds));
  }
  return absl::OkStatus();
}

absl::Status ReadWhere(const TomlTable& table, Fault& fault) {
  int named = 0;
  for (const auto& [key, value] : {std::pair<const char*, std::string*>{"cluster", &fault.cluster},
                                   {"zone", &fault.zone},
                                   {"rail", &fault.rail}}) {
    if (!table.Has(key)) continue;
    ++named;
    DYNOFA_ASSIGN_OR_RETURN(*value, table.String(key));
  }
  if (named != 1)
    return table.Error("kind", "needs the one thing that it is about: a cluster, ...");
  if (fault.at_write > 0 && fault.cluster.empty()) {
    return table.Error("at_write", "needs a cluster whose writes are counted");
  }
  if (!table.Has("knob")) return absl::OkStatus();
  DYNOFA_ASSIGN_OR_RETURN(const std::string name, table.String("knob"));
  for (const Knob knob : {Knob::kGovernor, Knob::kMin, Knob::kMax}) {
    if (name == KnobName(knob)) fault.knob = knob;
  }
  if (!fault.knob) return table.Error("knob", "must be governor, min or max");
  return absl::OkStatus();
}

absl::Status ReadError(const TomlTable& table, Fault& fault) {
  DYNOFA_ASSIGN_OR_RETURN(const std::string wanted, table.String("error"));
  std::string known;
  for (const auto& [name, number] : kErrors) {
    if (wanted == name) fault.error = number;
    known += base::StrCat(known.empty() ? "" : ", ", name);
  }
  if (fault.error == 0) return table.Error("error", base::StrCat("must be one of ", known));
  return absl::OkStatus();
}

absl::Status ReadForeign(const TomlTable& table, Fault& fault) {
  if (table.Has("governor")) {
    DYNOFA_ASSIGN_OR_RETURN(fault.governor, table.String("governor"));
  }
  if (table.Has("min_khz")) {
    DYNOFA_ASSIGN_OR_RETURN(fault.min_khz, table.Int64("min_khz", 1, kMostKhz));
  }
  if (table.Has("max_khz")) {
    DYNOFA_ASSIGN_OR_RETURN(fault.max_khz, table.Int64("max_khz", 1, kMostKhz));
  }
  if (fault.governor.empty() && fault.min_khz == 0 && fault.max_khz == 0) {
    return table.Error("kind", "needs what is written: governor, min_khz or max_khz");
  }
  return absl::OkStatus();
}

absl::Status ReadWhat(const TomlTable& table, Fault& fault) {
  switch (fault.kind) {
    case FaultKind::kRefuse:
      return ReadError(table, fault);
    case FaultKind::kClamp: {
      DYNOFA_ASSIGN_OR_RETURN(fault.khz, table.Int64("khz", 1, kMostKhz));
      fault.knob = Knob::kMax;
      return absl::OkStatus();
    }
    case FaultKind::kLate: {
      DYNOFA_ASSIGN_OR_RETURN(fault.late_s, table.Number("late_s", 1e-3, kMostSeconds));
      return absl::OkStatus();
    }
    case FaultKind::kTrip: {
      DYNOFA_ASSIGN_OR_RETURN(fault.celsius, table.Number("celsius", -40, 200));
      return absl::OkStatus();
    }
    case FaultKind::kForeign:
      return ReadForeign(table, fault);
    case FaultKind::kAway: {
      if (table.Has("index")) {
        DYNOFA_ASSIGN_OR_RETURN(fault.index, table.Int("index", 0, 1023));
      }
      if (table.Has("reset")) {
        DYNOFA_ASSIGN_OR_RETURN(fault.reset, table.Bool("reset"));
      }
      return absl::OkStatus();
    }
    case FaultKind::kBlock:
    case FaultKind::kStale:
    case FaultKind::kHide:
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::StatusOr<Fault> ReadFault(const TomlTable& table) {
  DYNOFA_ASSIGN_OR_RETURN(const KindRow* row, KindOf(table));
  Keys keys = row->keys;
  keys.insert(keys.end(), {"kind", "at_s", "at_write", "for_s"});
  DYNOFA_RETURN_IF_ERROR(table.CheckKeys(keys));
  Fault fault;
  fault.kind = row->kind;
  DYNOFA_RETURN_IF_ERROR(ReadWhen(table, fault));
  DYNOFA_RETURN_IF_ERROR(ReadWhere(table, fault));
  DYNOFA_RETURN_IF_ERROR(ReadWhat(table, fault));
  return fault;
}

template <typename List, typename Name>
absl::Status CheckNamed(const List& list, const std::string& wanted, const char* what,
                        const Name& name) {
  if (wanted.empty()) return absl::OkStatus();
  for (const auto& entry : list) {
    if (name(entry) == wanted) return absl::OkStatus();
  }
  return absl::NotFoundError(base::StrCat("the board has no ", what, " \"", wanted, "\""));
}

}  // namespace

std::string_view KnobName(Knob knob) {
  switch (knob) {
    case Knob::kGovernor:
      return "governor";
    case Knob::kMin:
      return "min";
    case Knob::kMax:
      return "max";
  }
  return "";
}

bool IsOfWrites(FaultKind kind) {
  return kind == FaultKind::kRefuse || kind == FaultKind::kClamp || kind == FaultKind::kLate ||
         kind == FaultKind::kBlock;
}

absl::StatusOr<std::vector<Fault>> ParseFaults(std::string_view text, const std::string& file) {
  DYNOFA_ASSIGN_OR_RETURN(const TomlTable root, TomlTable::Parse(text, file));
  DYNOFA_RETURN_IF_ERROR(root.CheckKeys({"fault"}));
  std::vector<Fault> faults;
  if (!root.Has("fault")) return faults;
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<TomlTable> tables, root.Tables("fault"));
  if (tables.size() > kMostFaults) {
    return root.Error("fault", base::StrCat("must be at most ", kMostFaults, " tables"));
  }
  for (const TomlTable& table : tables) {
    DYNOFA_ASSIGN_OR_RETURN(Fault fault, ReadFault(table));
    faults.push_back(std::move(fault));
  }
  return faults;
}

absl::Status CheckFaults(const BoardModel& board, const std::vector<Fault>& faults) {
  for (const Fault& fault : faults) {
    DYNOFA_RETURN_IF_ERROR(CheckNamed(board.clusters, fault.cluster, "cluster",
                                      [](const ClusterModel& entry) { return entry.id; }));
    DYNOFA_RETURN_IF_ERROR(CheckNamed(board.zones, fault.zone, "zone",
                                      [](const ZoneModel& entry) { return entry.type; }));
    DYNOFA_RETURN_IF_ERROR(CheckNamed(board.rails, fault.rail, "rail",
                                      [](const RailModel& entry) { return entry.name; }));
    if (fault.governor.empty()) continue;
    const auto& governors = board.Find(fault.cluster)->governors;
    if (std::find(governors.begin(), governors.end(), fault.governor) == governors.end()) {
      return absl::InvalidArgumentError(
          base::StrCat(fault.cluster, ": no governor \"", fault.governor, "\""));
    }
  }
  return absl::OkStatus();
}

}  // namespace dynofa::emulator
