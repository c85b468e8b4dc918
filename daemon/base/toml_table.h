#ifndef DYNOFA_DAEMON_BASE_TOML_TABLE_H_
#define DYNOFA_DAEMON_BASE_TOML_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace dynofa::base {

/// A table of a TOML file, read strictly: what is asked for must be there, and every error is
/// INVALID_ARGUMENT with file, line, key and what is allowed. The only reader of TOML; what makes
/// keys optional or words errors its own way stands on it. Immutable and cheap to copy: the tables
/// of a file share it.
class TomlTable {
 public:
  /// The root table of a file's text; `file` goes into the messages.
  static absl::StatusOr<TomlTable> Parse(std::string_view text, const std::string& file);

  bool Has(std::string_view key) const;
  /// Sorted.
  std::vector<std::string> Keys() const;

  /// The value of a key that must be there.
  absl::StatusOr<std::string> String(std::string_view key) const;
  absl::StatusOr<bool> Bool(std::string_view key) const;
  absl::StatusOr<int> Int(std::string_view key, int low, int high) const;
  absl::StatusOr<std::int64_t> Int64(std::string_view key, std::int64_t low,
                                     std::int64_t high) const;
  /// Takes whole numbers, too; refuses NaN.
  absl::StatusOr<double> Number(std::string_view key, double low, double high) const;
  absl::StatusOr<std::vector<std::string>> Strings(std::string_view key) const;
  absl::StatusOr<std::vector<int>> Ints(std::string_view key) const;
  absl::StatusOr<std::vector<double>> Numbers(std::string_view key, std::size_t count) const;
  /// Any number of numbers in [low, high], at most `most` of them.
  absl::StatusOr<std::vector<double>> NumberList(std::string_view key, double low, double high,
                                                 std::size_t most) const;
  absl::StatusOr<TomlTable> Table(std::string_view key) const;
  /// An array of tables ([[key]]).
  absl::StatusOr<std::vector<TomlTable>> Tables(std::string_view key) const;

  /// Refuses every key that is not in `allowed`, naming those that are.
  absl::Status CheckKeys(const std::vector<std::string_view>& allowed) const;

  /// An error about `key`, or about the table itself if there is no such key.
  absl::Status Error(std::string_view key, std::string_view problem) const;

  /// For other wordings of an error. "file:line" of `key`, or of the table if there is no such key.
  std::string Place(std::string_view key) const;
  /// The value of `key` as messages show it; empty if there is no such key.
  std::string Shown(std::string_view key) const;

 private:
  struct Impl;
  explicit TomlTable(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

  std::shared_ptr<const Impl> impl_;
};

}  // namespace dynofa::base

#endif  // DYNOFA_DAEMON_BASE_TOML_TABLE_H_
