#include "daemon/tools/scenario/bench.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/emulator/board_file.h"
#include "daemon/scenario/rules/scenario_file.h"
#include "daemon/scenario/suite.h"
#include "daemon/tools/scenario/report.h"
#include "daemon/tools/scenario/sensitivity.h"
#include "policies/registry.h"

namespace dynofa::tools::scenario {
namespace {

using dynofa::scenario::Scenario;

absl::StatusOr<std::vector<std::string>> FilesOf(const BenchOptions& options) {
  if (options.all != options.files.empty()) {
    return absl::InvalidArgumentError("name scenario files, or ask for --all");
  }
  if (!options.all) return options.files;
  std::error_code error;
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(options.folder, error)) {
    if (entry.path().extension() == ".toml") files.push_back(entry.path().string());
  }
  if (error || files.empty()) {
    return absl::NotFoundError(base::StrCat("no scenarios (*.toml) in \"", options.folder,
                                            "\"; name their folder with --folder"));
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::string> PoliciesOf(const BenchOptions& options) {
  if (!options.policies.empty()) return options.policies;
  std::vector<std::string> names;
  for (const std::string_view name : policies::PolicyNames()) names.emplace_back(name);
  std::stable_partition(names.begin(), names.end(),
                        [](const std::string& name) { return name == "hierarchical"; });
  return names;
}

/// A scenario with the board that it is played on.
struct Trial {
  std::string file;
  Scenario scenario;
  std::shared_ptr<const emulator::BoardModel> board;
};

absl::StatusOr<std::vector<Trial>> TrialsOf(const BenchOptions& options) {
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<std::string> files, FilesOf(options));
  std::vector<Trial> trials;
  for (const std::string& file : files) {
    DYNOFA_ASSIGN_OR_RETURN(Scenario scenario, dynofa::scenario::LoadScenario(file));
    DYNOFA_ASSIGN_OR_RETURN(
        auto board,
        emulator::OpenBoardModel(options.board.empty() ? scenario.board : options.board));
    trials.push_back({file, std::move(scenario), std::move(board)});
  }
  return trials;
}

absl::Status WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (file) return absl::OkStatus();
  return absl::UnavailableError(base::StrCat("cannot write ", path));
}

void Print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

absl::Status Compare(const std::vector<Trial>& trials, const BenchOptions& options,
                     const dynofa::scenario::SuiteOptions& suite, double* simulated_s) {
  std::vector<ScenarioResult> results;
  for (const Trial& trial : trials) {
    absl::StatusOr<ScenarioResult> result =
        dynofa::scenario::RunSuite(trial.scenario, *trial.board, suite);
    if (!result.ok()) return base::Annotate(result.status(), trial.file);
    *simulated_s += result->simulated_s;
    results.push_back(*std::move(result));
  }
  Print(options.json ? JsonReport(results) : MarkdownReport(results));
  if (!options.markdown.empty()) {
    DYNOFA_RETURN_IF_ERROR(WriteFile(options.markdown, MarkdownReport(results)));
  }
  return options.html.empty() ? absl::OkStatus() : WriteFile(options.html, HtmlReport(results));
}

absl::Status VaryBoards(const std::vector<Trial>& trials, const BenchOptions& options,
                        const dynofa::scenario::SuiteOptions& suite, double* simulated_s) {
  if (options.json || !options.html.empty() || !options.markdown.empty()) {
    return absl::InvalidArgumentError("--vary prints tables only; leave out --json and files");
  }
  for (const Trial& trial : trials) {
    const auto sensitivity =
        RunSensitivity(trial.scenario, *trial.board, options.vary, options.vary_percent, suite);
    if (!sensitivity.ok()) return base::Annotate(sensitivity.status(), trial.file);
    *simulated_s += sensitivity->simulated_s;
    Print(MarkdownOf(sensitivity->table));
    std::string exceptions;
    for (const std::string& exception : sensitivity->exceptions) {
      exceptions += base::StrCat("* ", exception, "\n");
    }
    Print(exceptions.empty() ? "Every conclusion holds.\n\n"
                             : base::StrCat("Exceptions:\n\n", exceptions, "\n"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RunScenarioBench(const BenchOptions& options) {
  base::SetLogLevel(base::LogLevel::kError);
  const base::SteadyClock clock;
  const base::TimePoint begin = clock.Now();
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<Trial> trials, TrialsOf(options));
  const dynofa::scenario::SuiteOptions suite{.policies = PoliciesOf(options),
                                             .seeds = options.seeds,
                                             .jobs = options.jobs,
                                             .profile_error = options.profile_error_percent / 100.0,
                                             .keep_traces = !options.html.empty()};
  double simulated_s = 0.0;
  DYNOFA_RETURN_IF_ERROR(options.vary.empty() ? Compare(trials, options, suite, &simulated_s)
                                              : VaryBoards(trials, options, suite, &simulated_s));
  const double taken_s = base::ToSeconds(clock.Now() - begin);
  std::fprintf(stderr, "simulated %.0f s of board time in %.1f s, %.0f times as fast\n",
               simulated_s, taken_s, simulated_s / std::max(taken_s, 1e-3));
  return absl::OkStatus();
}

}  // namespace dynofa::tools::scenario
