#ifndef DYNOFA_DAEMON_TOOLS_SEARCH_ACCURACY_LOG_H_
#define DYNOFA_DAEMON_TOOLS_SEARCH_ACCURACY_LOG_H_

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/tools/search/space.h"

namespace dynofa::tools::search {

/// Accuracies that were measured, kept in a file so that a search which was stopped goes on where
/// it was. A line is the accuracy and the subnet's Text(). Thread-compatible.
class AccuracyLog {
 public:
  /// Reads the file, if there is one. INVALID_ARGUMENT, with file and line, for anything that is no
  /// measurement.
  static absl::StatusOr<AccuracyLog> Open(const std::string& path);

  /// The accuracy of a (canonical) configuration, if it is known.
  std::optional<double> Find(const SubnetConfig& config) const;

  /// Keeps a measurement; the file has it, whole, when this returns OK.
  absl::Status Add(const SubnetConfig& config, double accuracy);

  std::size_t size() const { return accuracies_.size(); }

 private:
  explicit AccuracyLog(std::string path) : path_(std::move(path)) {}

  std::string path_;
  std::map<std::string, double, std::less<>> accuracies_;  ///< by Text()
};

}  // namespace dynofa::tools::search

#endif  // DYNOFA_DAEMON_TOOLS_SEARCH_ACCURACY_LOG_H_
