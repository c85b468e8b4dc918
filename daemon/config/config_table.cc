#include "daemon/config/config_table.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_join.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"

namespace dynofa::config {
namespace {

/// Edits (insert, delete, replace a byte) from `a` to `b`.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

/// The name most like `name` if one is like it at all, else nullptr.
template <typename Names>
const std::string* Closest(std::string_view name, const Names& names) {
  const std::string* best = nullptr;
  std::size_t best_distance = std::max<std::size_t>(2, name.size() / 3) + 1;
  if (name.size() > 64) return nullptr;
  for (const std::string& candidate : names) {
    const std::size_t distance = EditDistance(name, candidate);
    if (distance < best_distance) {
      best = &candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string RangeText(Range range) {
  const bool bounded = range.max < std::numeric_limits<double>::max();
  const std::string low = base::StrCat(range.above_min ? "above " : "at least ", range.min);
  return bounded ? base::StrCat(low, " and at most ", range.max) : low;
}

}  // namespace

absl::StatusOr<ConfigTable> ConfigTable::Parse(const std::string& text, const std::string& name) {
  DYNOFA_ASSIGN_OR_RETURN(base::TomlTable root, base::TomlTable::Parse(text, name));
  return ConfigTable(std::move(root), "");
}

bool ConfigTable::Asked(std::string_view key) {
  known_.emplace(key);
  return Has(key);
}

std::string ConfigTable::PathOf(std::string_view key) const {
  return base::StrCat(path_, path_.empty() ? "" : ".", key);
}

absl::Status ConfigTable::Error(std::string_view key, std::string_view what) const {
  const std::string value = Has(key) ? base::StrCat(" = ", table_.Shown(key)) : "";
  return absl::InvalidArgumentError(
      base::StrCat(table_.Place(key), ": ", PathOf(key), value, ": ", what));
}

absl::Status ConfigTable::ReadString(std::string_view key, std::string* value) {
  if (!Asked(key)) return absl::OkStatus();
  absl::StatusOr<std::string> text = table_.String(key);
  if (!text.ok()) return Error(key, "must be a string");
  *value = *std::move(text);
  return absl::OkStatus();
}

absl::Status ConfigTable::ReadChoice(std::string_view key, const std::vector<std::string>& allowed,
                                     std::string* value) {
  std::string text = *value;
  DYNOFA_RETURN_IF_ERROR(ReadString(key, &text));
  if (Has(key) && std::find(allowed.begin(), allowed.end(), text) == allowed.end()) {
    const std::string* closest = Closest(text, allowed);
    const std::string hint = closest ? base::StrCat("; did you mean \"", *closest, "\"?") : "";
    return Error(key, base::StrCat("must be one of ", absl::StrJoin(allowed, ", "), hint));
  }
  *value = std::move(text);
  return absl::OkStatus();
}

absl::Status ConfigTable::ReadBool(std::string_view key, bool* value) {
  if (!Asked(key)) return absl::OkStatus();
  const absl::StatusOr<bool> flag = table_.Bool(key);
  if (!flag.ok()) return Error(key, "must be true or false");
  *value = *flag;
  return absl::OkStatus();
}

absl::Status ConfigTable::ReadInteger(std::string_view key, std::int64_t min, std::int64_t max,
                                      std::int64_t* value) {
  if (!Asked(key)) return absl::OkStatus();
  const absl::StatusOr<std::int64_t> integer = table_.Int64(key, min, max);
  if (!integer.ok()) return Error(key, base::StrCat("must be an integer from ", min, " to ", max));
  *value = *integer;
  return absl::OkStatus();
}

absl::Status ConfigTable::ReadInteger(std::string_view key, int min, int max, int* value) {
  std::int64_t wide = *value;
  DYNOFA_RETURN_IF_ERROR(ReadInteger(key, std::int64_t{min}, std::int64_t{max}, &wide));
  *value = static_cast<int>(wide);
  return absl::OkStatus();
}

absl::Status ConfigTable::ReadNumber(std::string_view key, Range range, double* value) {
  if (!Asked(key)) return absl::OkStatus();
  const absl::StatusOr<double> number = table_.Number(key, range.min, range.max);
  if (!number.ok() || (range.above_min && *number <= range.min)) {
    return Error(key, base::StrCat("must be a number ", RangeText(range)));
  }
  *value = *number;
  return absl::OkStatus();
}

absl::Status ConfigTable::ReadIntegers(std::string_view key, std::int64_t min, std::int64_t max,
                                       std::map<std::string, std::int64_t>* value) {
  DYNOFA_ASSIGN_OR_RETURN(std::optional<ConfigTable> child, Child(key));
  if (!child) return absl::OkStatus();
  for (const std::string& name : child->table_.Keys()) {
    DYNOFA_RETURN_IF_ERROR(child->ReadInteger(name, min, max, &(*value)[name]));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<ConfigTable>> ConfigTable::Child(std::string_view key) {
  if (!Asked(key)) return std::optional<ConfigTable>();
  absl::StatusOr<base::TomlTable> child = table_.Table(key);
  if (!child.ok()) return Error(key, base::StrCat("must be a table: [", key, "]"));
  return std::optional<ConfigTable>(ConfigTable(*std::move(child), PathOf(key)));
}

absl::StatusOr<std::vector<ConfigTable>> ConfigTable::Children(std::string_view key) {
  std::vector<ConfigTable> children;
  if (!Asked(key)) return children;
  const absl::StatusOr<std::vector<base::TomlTable>> tables = table_.Tables(key);
  if (!tables.ok()) return Error(key, base::StrCat("must be tables: [[", PathOf(key), "]]"));
  for (const base::TomlTable& table : *tables) {
    children.push_back(
        ConfigTable(table, base::StrCat(PathOf(key), "[", children.size() + 1, "]")));
  }
  return children;
}

absl::Status ConfigTable::RefuseOthers() const {
  for (const std::string& name : table_.Keys()) {
    if (known_.contains(name)) continue;
    const std::string* closest = Closest(name, known_);
    const std::string hint = closest ? base::StrCat("did you mean \"", *closest, "\"? ") : "";
    return Error(name, base::StrCat("is not a known key; ", hint, "known are ",
                                    absl::StrJoin(known_, ", ")));
  }
  return absl::OkStatus();
}

}  // namespace dynofa::config
