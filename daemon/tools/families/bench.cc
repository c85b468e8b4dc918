#include "daemon/tools/families/bench.h"

#include <algorithm>
#include <cstdio>
#include <span>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/base/toml_table.h"
#include "daemon/engine/files.h"
#include "daemon/tools/command_line.h"
#include "daemon/tools/families/family.h"
#include "daemon/tools/families/measurement.h"
#include "daemon/tools/families/report.h"

namespace dynofa::tools::families {
namespace {

constexpr std::int64_t kMaxFile = std::int64_t{4} << 20;

absl::Status WriteText(const std::string& path, const std::string& text) {
  const std::span<const std::byte> parts[] = {std::as_bytes(std::span(text))};
  return engine::WriteWholeFile(path, parts);
}

absl::StatusOr<std::string> ReadText(const std::string& path) {
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<std::byte> bytes,
                          engine::ReadWholeFile(path, kMaxFile));
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

absl::StatusOr<std::vector<Family>> LoadFamilies(const BenchOptions& options) {
  if (options.file.empty()) return BuiltInFamilies();
  DYNOFA_ASSIGN_OR_RETURN(const std::string text, ReadText(options.file));
  DYNOFA_ASSIGN_OR_RETURN(const base::TomlTable table, base::TomlTable::Parse(text, options.file));
  return ReadFamilies(table);
}

// Families of which nothing is left are left out, too.
void LeaveOutExtras(std::vector<Family>& families) {
  for (Family& family : families) {
    std::erase_if(family.members, [](const Member& member) { return member.extra; });
  }
  std::erase_if(families, [](const Family& family) { return family.members.empty(); });
}

// The page is written where there is one only: its prose is not ours to make up.
absl::Status WriteDocs(const std::string& directory, const Measurement& measurement) {
  const std::string path = directory + "/families.md";
  DYNOFA_ASSIGN_OR_RETURN(const std::string page, ReadText(path));
  DYNOFA_ASSIGN_OR_RETURN(const std::string replaced,
                          ReplaceGenerated(page, MarkdownReport(measurement)));
  DYNOFA_RETURN_IF_ERROR(WriteText(directory + "/families.svg", SvgFigure(measurement)));
  return WriteText(path, replaced);
}

absl::Status Report(const BenchOptions& options, const Measurement& measurement) {
  if (!options.svg.empty()) {
    DYNOFA_RETURN_IF_ERROR(WriteText(options.svg, SvgFigure(measurement)));
  }
  if (!options.markdown.empty()) {
    DYNOFA_RETURN_IF_ERROR(WriteText(options.markdown, MarkdownReport(measurement)));
  }
  if (!options.docs.empty()) DYNOFA_RETURN_IF_ERROR(WriteDocs(options.docs, measurement));
  if (options.json) {
    std::printf("%s\n", JsonReport(measurement).c_str());
  } else {
    std::printf("%s", MarkdownReport(measurement).c_str());
  }
  return absl::OkStatus();
}

absl::Status Run(const BenchOptions& options) {
  DYNOFA_ASSIGN_OR_RETURN(std::vector<Family> families, LoadFamilies(options));
  if (!options.all) LeaveOutExtras(families);
  if (families.empty()) return absl::InvalidArgumentError("there are no networks to measure");
  MeasurementOptions measurement_options;
  measurement_options.threads = options.threads;
  measurement_options.timing.rounds = options.rounds;
  measurement_options.timing.runs_per_round = options.runs;
  measurement_options.check = options.check;
  measurement_options.progress = [&](const std::string& line) {
    if (!options.quiet) std::fprintf(stderr, "dynofa-bench families: %s\n", line.c_str());
  };
  DYNOFA_ASSIGN_OR_RETURN(const Measurement measurement,
                          Measure(std::move(families), measurement_options));
  return Report(options, measurement);
}

}  // namespace

int RunFamiliesBench(const BenchOptions& options) {
  return RunToExit("dynofa-bench", [&] { return Run(options); });
}

}  // namespace dynofa::tools::families
