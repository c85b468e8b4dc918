#include "daemon/config/toml_table.h"

#include <toml++/toml.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_join.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"

namespace dynofa::config {
namespace {

const toml::table& AsTable(const void* table) { return *static_cast<const toml::table*>(table); }

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

std::string Shown(const toml::node& node) {
  if (const auto* text = node.as_string()) return base::StrCat("\"", text->get(), "\"");
  if (const auto* integer = node.as_integer()) return base::StrCat(integer->get());
  if (const auto* number = node.as_floating_point()) return base::StrCat(number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (node.is_table()) return "a table";
  if (node.is_array()) return "an array";
  return "a date or time";
}

std::string RangeText(Range range) {
  const bool bounded = range.max < std::numeric_limits<double>::max();
  const std::string low = base::StrCat(range.above_min ? "above " : "at least ", range.min);
  return bounded ? base::StrCat(low, " and at most ", range.max) : low;
}

}  // namespace

struct TomlTable::Source {
  std::string name;
  toml::table root;
};

absl::StatusOr<TomlTable> TomlTable::Parse(const std::string& text, const std::string& name) {
  auto source = std::make_shared<Source>();
  source->name = name;
  try {
    source->root = toml::parse(text, name);
  } catch (const toml::parse_error& error) {
    return absl::InvalidArgumentError(base::StrCat(name, ":", error.source().begin.line,
                                                   ": not valid TOML: ", error.description()));
  }
  const void* root = &source->root;
  return TomlTable(std::move(source), root, "");
}

TomlTable::TomlTable(std::shared_ptr<const Source> source, const void* table, std::string path)
    : source_(std::move(source)), table_(table), path_(std::move(path)) {}
TomlTable::TomlTable(TomlTable&&) noexcept = default;
TomlTable& TomlTable::operator=(TomlTable&&) noexcept = default;
TomlTable::~TomlTable() = default;

bool TomlTable::Has(std::string_view key) const { return AsTable(table_).contains(key); }

absl::Status TomlTable::Error(std::string_view key, std::string_view what) const {
  const toml::node* node = AsTable(table_).get(key);
  const auto& region = node != nullptr ? node->source() : AsTable(table_).source();
  const std::string value = node != nullptr ? base::StrCat(" = ", Shown(*node)) : "";
  return absl::InvalidArgumentError(
      base::StrCat(source_->name, ":", std::max<unsigned>(1, region.begin.line), ": ", path_,
                   path_.empty() ? "" : ".", key, value, ": ", what));
}

absl::Status TomlTable::ReadString(std::string_view key, std::string* value) {
  known_.emplace(key);
  const toml::node* node = AsTable(table_).get(key);
  if (node == nullptr) return absl::OkStatus();
  if (!node->is_string()) return Error(key, "must be a string");
  *value = node->as_string()->get();
  return absl::OkStatus();
}

absl::Status TomlTable::ReadChoice(std::string_view key, const std::vector<std::string>& allowed,
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

absl::Status TomlTable::ReadBool(std::string_view key, bool* value) {
  known_.emplace(key);
  const toml::node* node = AsTable(table_).get(key);
  if (node == nullptr) return absl::OkStatus();
  if (!node->is_boolean()) return Error(key, "must be true or false");
  *value = node->as_boolean()->get();
  return absl::OkStatus();
}

absl::Status TomlTable::ReadInteger(std::string_view key, std::int64_t min, std::int64_t max,
                                    std::int64_t* value) {
  known_.emplace(key);
  const toml::node* node = AsTable(table_).get(key);
  if (node == nullptr) return absl::OkStatus();
  const auto* integer = node->as_integer();
  if (integer == nullptr || integer->get() < min || integer->get() > max) {
    return Error(key, base::StrCat("must be an integer from ", min, " to ", max));
  }
  *value = integer->get();
  return absl::OkStatus();
}

absl::Status TomlTable::ReadInteger(std::string_view key, int min, int max, int* value) {
  std::int64_t wide = *value;
  DYNOFA_RETURN_IF_ERROR(ReadInteger(key, std::int64_t{min}, std::int64_t{max}, &wide));
  *value = static_cast<int>(wide);
  return absl::OkStatus();
}

absl::Status TomlTable::ReadNumber(std::string_view key, Range range, double* value) {
  known_.emplace(key);
  const toml::node* node = AsTable(table_).get(key);
  if (node == nullptr) return absl::OkStatus();
  const std::optional<double> number = node->is_number() ? node->value<double>() : std::nullopt;
  const bool in_range = number && (range.above_min ? *number > range.min : *number >= range.min) &&
                        *number <= range.max;
  if (!in_range) return Error(key, base::StrCat("must be a number ", RangeText(range)));
  *value = *number;
  return absl::OkStatus();
}

absl::Status TomlTable::ReadIntegers(std::string_view key, std::int64_t min, std::int64_t max,
                                     std::map<std::string, std::int64_t>* value) {
  DYNOFA_ASSIGN_OR_RETURN(std::optional<TomlTable> child, Child(key));
  if (!child) return absl::OkStatus();
  for (const auto& [name, node] : AsTable(child->table_)) {
    DYNOFA_RETURN_IF_ERROR(
        child->ReadInteger(name.str(), min, max, &(*value)[std::string(name.str())]));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<TomlTable>> TomlTable::Child(std::string_view key) {
  known_.emplace(key);
  const toml::node* node = AsTable(table_).get(key);
  if (node == nullptr) return std::optional<TomlTable>();
  if (!node->is_table()) return Error(key, base::StrCat("must be a table: [", key, "]"));
  const std::string path = base::StrCat(path_, path_.empty() ? "" : ".", key);
  return std::optional<TomlTable>(TomlTable(source_, node->as_table(), path));
}

absl::StatusOr<std::vector<TomlTable>> TomlTable::Children(std::string_view key) {
  known_.emplace(key);
  std::vector<TomlTable> children;
  const toml::node* node = AsTable(table_).get(key);
  if (node == nullptr) return children;
  const toml::array* array = node->as_array();
  const std::string path = base::StrCat(path_, path_.empty() ? "" : ".", key);
  if (array == nullptr || !array->is_homogeneous(toml::node_type::table)) {
    if (array != nullptr && array->empty()) return children;
    return Error(key, base::StrCat("must be tables: [[", path, "]]"));
  }
  for (const toml::node& element : *array) {
    children.push_back(
        TomlTable(source_, element.as_table(), base::StrCat(path, "[", children.size() + 1, "]")));
  }
  return children;
}

absl::Status TomlTable::RefuseOthers() const {
  for (const auto& [name, node] : AsTable(table_)) {
    if (known_.count(name.str()) > 0) continue;
    const std::string* closest = Closest(name.str(), known_);
    const std::string hint = closest ? base::StrCat("did you mean \"", *closest, "\"? ") : "";
    return Error(name.str(), base::StrCat("is not a known key; ", hint, "known are ",
                                          absl::StrJoin(known_, ", ")));
  }
  return absl::OkStatus();
}

}  // namespace dynofa::config
