#include "daemon/tools/search/accuracy_log.h"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/files.h"

namespace dynofa::tools::search {
namespace {

constexpr std::int64_t kMaxFile = std::int64_t{1} << 26;

// Takes "<accuracy> <text>" apart; nothing if it is something else.
std::optional<std::pair<std::string, double>> ParseLine(std::string_view line) {
  double accuracy = -1.0;
  const char* end = line.data() + line.size();
  const auto [rest, error] = std::from_chars(line.data(), end, accuracy);
  if (error != std::errc() || !(accuracy >= 0.0 && accuracy <= 1.0)) return std::nullopt;
  if (rest == end || *rest != ' ' || end - rest < 2) return std::nullopt;
  return std::pair(std::string(rest + 1, end), accuracy);
}

}  // namespace

absl::StatusOr<AccuracyLog> AccuracyLog::Open(const std::string& path) {
  AccuracyLog log(path);
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
          path, ":", number, ": is no measured accuracy; remove the file to measure anew"));
    }
    log.accuracies_.insert(*std::move(measured));
  }
  return log;
}

std::optional<double> AccuracyLog::Find(const SubnetConfig& config) const {
  const auto found = accuracies_.find(Text(config));
  if (found == accuracies_.end()) return std::nullopt;
  return found->second;
}

absl::Status AccuracyLog::Add(const SubnetConfig& config, double accuracy) {
  accuracies_[Text(config)] = accuracy;
  std::string lines;
  for (const auto& [text, value] : accuracies_) {
    char number[32];
    lines.append(number, std::to_chars(number, number + sizeof(number), value).ptr);
    lines += base::StrCat(" ", text, "\n");
  }
  const std::span<const std::byte> parts[] = {std::as_bytes(std::span(lines))};
  return engine::WriteWholeFile(path_, parts);
}

}  // namespace dynofa::tools::search
