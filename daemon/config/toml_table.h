#ifndef DYNOFA_DAEMON_CONFIG_TOML_TABLE_H_
#define DYNOFA_DAEMON_CONFIG_TOML_TABLE_H_

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace dynofa::config {

/// Bounds of a number; the lower one may be exclusive.
struct Range {
  double min = 0.0;
  double max = std::numeric_limits<double>::max();
  bool above_min = false;
};

/// One table of a TOML file while it is read strictly: the reader asks for each key that it knows
/// and then calls RefuseOthers. A key that is absent leaves its output alone. Every error is
/// INVALID_ARGUMENT and says file, line, key and what is allowed.
///
/// Movable; shares the parsed file with the tables that it gives out. Thread-compatible.
class TomlTable {
 public:
  /// Parses a whole file's text; `name` stands for the file in messages.
  static absl::StatusOr<TomlTable> Parse(const std::string& text, const std::string& name);

  TomlTable(TomlTable&&) noexcept;
  TomlTable& operator=(TomlTable&&) noexcept;
  ~TomlTable();

  bool Has(std::string_view key) const;

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
  absl::StatusOr<std::optional<TomlTable>> Child(std::string_view key);
  /// The tables of the array [[key]]; empty if it is absent.
  absl::StatusOr<std::vector<TomlTable>> Children(std::string_view key);

  /// An error about `key`, which may be absent: file, line, key, then `what`.
  absl::Status Error(std::string_view key, std::string_view what) const;

  /// An error if there is a key that nobody asked for; proposes the closest known one.
  absl::Status RefuseOthers() const;

 private:
  struct Source;
  TomlTable(std::shared_ptr<const Source> source, const void* table, std::string path);

  std::shared_ptr<const Source> source_;
  /// The toml::table within source_.
  const void* table_;
  /// Key of this table in the file, such as "power_mode[2]"; empty for the root.
  std::string path_;
  std::set<std::string, std::less<>> known_;
};

}  // namespace dynofa::config

#endif  // DYNOFA_DAEMON_CONFIG_TOML_TABLE_H_
