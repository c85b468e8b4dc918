#include "daemon/base/toml_table.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"

namespace dynofa::base {

struct TomlTable::Impl {
  std::shared_ptr<const toml::table> root;  // keeps `table` alive
  const toml::table* table = nullptr;
  std::string file;
};

namespace {

constexpr int kAnyLow = std::numeric_limits<int>::min();
constexpr int kAnyHigh = std::numeric_limits<int>::max();

}  // namespace

absl::StatusOr<TomlTable> TomlTable::Parse(std::string_view text, const std::string& file) {
  try {
    auto root = std::make_shared<const toml::table>(toml::parse(text));
    const toml::table* table = root.get();
    return TomlTable(std::make_shared<const Impl>(Impl{std::move(root), table, file}));
  } catch (const toml::parse_error& error) {
    return absl::InvalidArgumentError(
        StrCat(file, ":", error.source().begin.line, ": not valid TOML: ", error.description()));
  }
}

bool TomlTable::Has(std::string_view key) const { return impl_->table->contains(key); }

std::vector<std::string> TomlTable::Keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, node] : *impl_->table) keys.emplace_back(key.str());
  return keys;
}

std::string TomlTable::Place(std::string_view key) const {
  const toml::node* node = impl_->table->get(key);
  const auto line = (node != nullptr ? node->source() : impl_->table->source()).begin.line;
  return StrCat(impl_->file, ":", std::max<std::uint32_t>(line, 1));
}

std::string TomlTable::Shown(std::string_view key) const {
  const toml::node* node = impl_->table->get(key);
  if (node == nullptr) return "";
  if (const auto* text = node->as_string()) return StrCat("\"", text->get(), "\"");
  if (const auto* integer = node->as_integer()) return StrCat(integer->get());
  if (const auto* number = node->as_floating_point()) return StrCat(number->get());
  if (const auto* flag = node->as_boolean()) return flag->get() ? "true" : "false";
  if (node->is_table()) return "a table";
  if (node->is_array()) return "an array";
  return "a date or time";
}

absl::Status TomlTable::Error(std::string_view key, std::string_view problem) const {
  return absl::InvalidArgumentError(StrCat(Place(key), ": ", key, " ", problem));
}

absl::StatusOr<std::string> TomlTable::String(std::string_view key) const {
  const toml::node* node = impl_->table->get(key);
  if (node == nullptr) return Error(key, "is missing");
  if (!node->is_string()) return Error(key, "must be a text in quotes");
  return node->as_string()->get();
}

absl::StatusOr<bool> TomlTable::Bool(std::string_view key) const {
  const toml::node* node = impl_->table->get(key);
  if (node == nullptr) return Error(key, "is missing");
  if (!node->is_boolean()) return Error(key, "must be true or false");
  return node->as_boolean()->get();
}

absl::StatusOr<std::int64_t> TomlTable::Int64(std::string_view key, std::int64_t low,
                                              std::int64_t high) const {
  const toml::node* node = impl_->table->get(key);
  if (node == nullptr) return Error(key, "is missing");
  const toml::value<std::int64_t>* value = node->as_integer();
  if (value == nullptr || value->get() < low || value->get() > high) {
    return Error(key, StrCat("must be a whole number in [", low, ", ", high, "]"));
  }
  return value->get();
}

absl::StatusOr<int> TomlTable::Int(std::string_view key, int low, int high) const {
  DYNOFA_ASSIGN_OR_RETURN(const std::int64_t value, Int64(key, low, high));
  return static_cast<int>(value);
}

absl::StatusOr<double> TomlTable::Number(std::string_view key, double low, double high) const {
  const toml::node* node = impl_->table->get(key);
  if (node == nullptr) return Error(key, "is missing");
  const std::optional<double> value = node->value<double>();
  if (!node->is_number() || !value || !(*value >= low && *value <= high)) {
    return Error(key, StrCat("must be a number in [", low, ", ", high, "]"));
  }
  return *value;
}

absl::StatusOr<std::vector<std::string>> TomlTable::Strings(std::string_view key) const {
  const toml::array* list = impl_->table->get_as<toml::array>(key);
  if (list == nullptr) return Error(key, Has(key) ? "must be a list of texts" : "is missing");
  std::vector<std::string> values;
  for (const toml::node& node : *list) {
    if (!node.is_string()) return Error(key, "must be a list of texts");
    values.push_back(node.as_string()->get());
  }
  return values;
}

absl::StatusOr<std::vector<int>> TomlTable::Ints(std::string_view key) const {
  const toml::array* list = impl_->table->get_as<toml::array>(key);
  if (list == nullptr) {
    return Error(key, Has(key) ? "must be a list of whole numbers" : "is missing");
  }
  std::vector<int> values;
  for (const toml::node& node : *list) {
    const toml::value<std::int64_t>* value = node.as_integer();
    if (value == nullptr || value->get() < kAnyLow || value->get() > kAnyHigh) {
      return Error(key, "must be a list of whole numbers");
    }
    values.push_back(static_cast<int>(value->get()));
  }
  return values;
}

absl::StatusOr<std::vector<double>> TomlTable::Numbers(std::string_view key,
                                                       std::size_t count) const {
  const std::string rule = StrCat("must be a list of ", count, " numbers");
  const toml::array* list = impl_->table->get_as<toml::array>(key);
  if (list == nullptr) return Error(key, Has(key) ? rule : "is missing");
  std::vector<double> values;
  for (const toml::node& node : *list) {
    if (!node.is_number()) return Error(key, rule);
    values.push_back(*node.value<double>());
  }
  if (values.size() != count) return Error(key, rule);
  return values;
}

absl::StatusOr<std::vector<double>> TomlTable::NumberList(std::string_view key, double low,
                                                          double high, std::size_t most) const {
  const std::string rule =
      StrCat("must be a list of at most ", most, " numbers in [", low, ", ", high, "]");
  const toml::array* list = impl_->table->get_as<toml::array>(key);
  if (list == nullptr) return Error(key, Has(key) ? rule : "is missing");
  if (list->size() > most) return Error(key, rule);
  std::vector<double> values;
  for (const toml::node& node : *list) {
    const std::optional<double> value = node.value<double>();
    if (!node.is_number() || !value || !(*value >= low && *value <= high)) return Error(key, rule);
    values.push_back(*value);
  }
  return values;
}

absl::StatusOr<TomlTable> TomlTable::Table(std::string_view key) const {
  const toml::table* table = impl_->table->get_as<toml::table>(key);
  if (table == nullptr) return Error(key, Has(key) ? "must be a table" : "is missing");
  return TomlTable(std::make_shared<const Impl>(Impl{impl_->root, table, impl_->file}));
}

absl::StatusOr<std::vector<TomlTable>> TomlTable::Tables(std::string_view key) const {
  const toml::array* list = impl_->table->get_as<toml::array>(key);
  if (list == nullptr) return Error(key, Has(key) ? "must be an array of tables" : "is missing");
  std::vector<TomlTable> tables;
  for (const toml::node& node : *list) {
    if (!node.is_table()) return Error(key, "must be an array of tables");
    tables.push_back(
        TomlTable(std::make_shared<const Impl>(Impl{impl_->root, node.as_table(), impl_->file})));
  }
  return tables;
}

absl::Status TomlTable::CheckKeys(const std::vector<std::string_view>& allowed) const {
  for (const auto& [key, value] : *impl_->table) {
    if (std::find(allowed.begin(), allowed.end(), key.str()) != allowed.end()) continue;
    std::string list;
    for (std::string_view name : allowed) list += StrCat(list.empty() ? "" : ", ", name);
    return Error(key.str(), StrCat("is not a known key; known here: ", list));
  }
  return absl::OkStatus();
}

}  // namespace dynofa::base
