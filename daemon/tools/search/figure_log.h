#ifndef DYNOFA_DAEMON_TOOLS_SEARCH_FIGURE_LOG_H_
#define DYNOFA_DAEMON_TOOLS_SEARCH_FIGURE_LOG_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace dynofa::tools::search {

/// Figures that were measured, kept by name in a file, so that a search which was stopped goes on
/// where it was. A line is the figure and its name. Thread-compatible.
class FigureLog {
 public:
  using Figures = std::map<std::string, double, std::less<>>;

  /// Reads the file, if there is one. INVALID_ARGUMENT, with file and line, for anything that is no
  /// figure (a finite number, not negative) and its name.
  static absl::StatusOr<FigureLog> Open(const std::string& path);

  const Figures& figures() const { return figures_; }
  std::optional<double> Find(std::string_view name) const;

  /// Keeps figures whose names have no line breaks; the file has them, whole, when this returns OK.
  absl::Status Add(const Figures& figures);

 private:
  explicit FigureLog(std::string path) : path_(std::move(path)) {}

  std::string path_;
  Figures figures_;
};

}  // namespace dynofa::tools::search

#endif  // DYNOFA_DAEMON_TOOLS_SEARCH_FIGURE_LOG_H_
