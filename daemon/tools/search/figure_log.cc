#include "daemon/tools/search/figure_log.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/files.h"

namespace dynofa::tools::search {
namespace {

constexpr std::int64_t kMaxFile = std::int64_t{1} << 26;

// Takes "<figure> <name>" apart; nothing if it is something else.
std::optional<std::pair<std::string, double>> ParseLine(std::string_view line) {
  double figure = -1.0;
  const char* end = line.data() + line.size();
  const auto [rest, error] = std::from_chars(line.data(), end, figure);
  if (error != std::errc() || !std::isfinite(figure) || figure < 0.0) return std::nullopt;
  if (rest == end || *rest != ' ' || end - rest < 2) return std::nullopt;
  return std::pair(std::string(rest + 1, end), figure);
}

}  // namespace

absl::StatusOr<FigureLog> FigureLog::Open(const std::string& path) {
  FigureLog log(path);
  const absl::StatusOr<std::vector<std::byte>> file = engine::ReadWholeFile(path, kMaxFile);
  if (absl::IsNotFound(file.status())) return log;
  if (!file.ok()) return file.status();
  std::string_view text(reinterpret_cast<const char*>(file->data()), file->size());
  for (int number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    auto measured = ParseLine(line);
    if (!measured) {
      return absl::InvalidArgumentError(base::StrCat(
          path, ":", number, ": is no measured figure; remove the file to measure anew"));
    }
    log.figures_.insert(*std::move(measured));
  }
  return log;
}

std::optional<double> FigureLog::Find(std::string_view name) const {
  const auto found = figures_.find(name);
  if (found == figures_.end()) return std::nullopt;
  return found->second;
}

absl::Status FigureLog::Add(const Figures& figures) {
  for (const auto& [name, figure] : figures) figures_[name] = figure;
  std::string lines;
  for (const auto& [name, figure] : figures_) {
    char number[32];
    lines.append(number, std::to_chars(number, number + sizeof(number), figure).ptr);
    lines += base::StrCat(" ", name, "\n");
  }
  const std::span<const std::byte> parts[] = {std::as_bytes(std::span(lines))};
  return engine::WriteWholeFile(path_, parts);
}

}  // namespace dynofa::tools::search
