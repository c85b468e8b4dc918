#ifndef DYNOFA_DAEMON_CONFIG_CONFIG_TABLE_H_
#define DYNOFA_DAEMON_CONFIG_CONFIG_TABLE_H_

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/base/toml_table.h"

namespace dynofa::config {

/// Bounds of a number; the lower one may be exclusive.
struct Range {
  double min = 0.0;
  double max = std::numeric_limits<double>::max();
  bool above_min = false;
};

/// One table of the configuration while it is read: the reader asks for each key that it knows and
/// then calls RefuseOthers. A key that is absent leaves its output alone. Every error is
/// INVALID_ARGUMENT and says file, line, the key's whole path, its value and what is allowed.
/// Thread-compatible.
class ConfigTable {
 public:
  /// Parses a whole file's text; `name` stands for the file in messages.
  static absl::StatusOr<ConfigTable> Parse(const std::string& text, const std::string& name);

  bool Has(std::string_view key) const { return table_.Has(key); }

  absl::Status ReadString(std::string_view key, std::string* value);
  /// A string that must be one of `allowed`.
  absl::Status ReadChoice(std::string_view key, const std::vector<std::string>& allowed,
                          std::string* value);
  absl::Status ReadBool(std::string_view key, bool* value);
  absl::Status ReadInteger(std::string_view key, std::int64_t min, std::int64_t max,
                           std::int64_t* value);
  /// The same for a narrower type, whose range holds [min, max].
  absl::Status ReadInteger(std::string_view key, int min, int max, int* value);
  /// Takes integers, too; refuses NaN.
  absl::Status ReadNumber(std::string_view key, Range range, double* value);
  /// A table from free names to integers.
  absl::Status ReadIntegers(std::string_view key, std::int64_t min, std::int64_t max,
                            std::map<std::string, std::int64_t>* value);

  /// The table below `key`; nullopt if it is absent.
  absl::StatusOr<std::optional<ConfigTable>> Child(std::string_view key);
  /// The tables of the array [[key]]; empty if it is absent.
  absl::StatusOr<std::vector<ConfigTable>> Children(std::string_view key);

  /// An error about `key`, which may be absent: file, line, key, then `what`.
  absl::Status Error(std::string_view key, std::string_view what) const;

  /// An error if there is a key that nobody asked for; proposes the closest known one.
  absl::Status RefuseOthers() const;

 private:
  ConfigTable(base::TomlTable table, std::string path)
      : table_(std::move(table)), path_(std::move(path)) {}

  /// Remembers that `key` is known, and says whether it is there.
  bool Asked(std::string_view key);
  /// The path of `key` in the file.
  std::string PathOf(std::string_view key) const;

  base::TomlTable table_;
  /// Key of this table in the file, such as "power_mode[2]"; empty for the root.
  std::string path_;
  std::set<std::string, std::less<>> known_;
};

}  // namespace dynofa::config

#endif  // DYNOFA_DAEMON_CONFIG_CONFIG_TABLE_H_
