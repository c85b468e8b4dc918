#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/tools/class_folders.h"
#include "daemon/tools/evaluation.h"
#include "daemon/tools/evaluation_report.h"
#include "daemon/tools/model_commands.h"
#include "daemon/tools/model_directory.h"

namespace dynofa::tools {
namespace {

struct EvaluateArguments {
  std::string model;
  std::string data;  ///< empty: no images, the catalogue's accuracies stand
  std::string level = "all";
  std::string backend;    ///< empty: the fastest there is
  std::size_t limit = 0;  ///< images per class; 0 means all
  LatencyOptions latency;
  bool measure_latency = false;
  bool check_pareto = false;
  bool json = false;
  bool markdown = false;
  bool update = false;
};

// Keeps the first `limit` files of each class.
void Limit(std::size_t limit, ClassFolders& folders) {
  if (limit == 0) return;
  std::vector<std::size_t> taken(folders.classes.size(), 0);
  std::erase_if(folders.files, [&](const LabelledFile& file) {
    return ++taken[static_cast<std::size_t>(file.label)] > limit;
  });
}

absl::Status UpdateManifest(const std::string& directory,
                            const std::vector<EvaluatedSubnet>& results) {
  DYNOFA_ASSIGN_OR_RETURN(engine::ofa::Manifest manifest, ReadModelManifest(directory));
  for (engine::ofa::Subnet& subnet : manifest.subnets) {
    for (const EvaluatedSubnet& result : results) {
      if (result.info.id != subnet.id) continue;
      subnet.accuracy = result.top1();
      subnet.accuracy_evidence = result.top1_evidence();
    }
  }
  return WriteModelManifest(directory, manifest);
}

// OK if every level is Pareto-optimal.
absl::Status CheckPareto(const EvaluationReport& report) {
  const std::vector<Domination> dominated = DominatedLevels(report);
  if (dominated.empty()) {
    std::fprintf(stderr, "each of %zu levels is Pareto-optimal\n", report.subnets.size());
    return absl::OkStatus();
  }
  std::string list;
  for (const Domination& domination : dominated) {
    list += base::StrCat(list.empty() ? "" : ", ", domination.level, " by ", domination.by);
  }
  return absl::FailedPreconditionError(base::StrCat(dominated.size(), " of ", report.subnets.size(),
                                                    " levels are dominated: ", list));
}

absl::Status CheckArguments(const EvaluateArguments& arguments) {
  if (arguments.data.empty() && !arguments.measure_latency && !arguments.check_pareto) {
    return absl::InvalidArgumentError("give --data, --latency or --check-pareto");
  }
  if (arguments.data.empty() && arguments.update) {
    return absl::InvalidArgumentError("--update writes what was measured; it needs --data");
  }
  return absl::OkStatus();
}

absl::Status Evaluate(const EvaluateArguments& arguments) {
  DYNOFA_RETURN_IF_ERROR(CheckArguments(arguments));
  DYNOFA_ASSIGN_OR_RETURN(Evaluation evaluation,
                          Evaluation::Create(arguments.model, arguments.level, arguments.backend));
  if (!arguments.data.empty()) {
    DYNOFA_ASSIGN_OR_RETURN(ClassFolders folders, ListClassFolders(arguments.data));
    Limit(arguments.limit, folders);
    DYNOFA_RETURN_IF_ERROR(evaluation.MeasureTop1(folders, arguments.latency.threads));
  }
  if (arguments.measure_latency || arguments.check_pareto) {
    DYNOFA_RETURN_IF_ERROR(evaluation.MeasureLatency(arguments.latency));
  }
  const engine::ModelInfo& info = evaluation.supernet().info();
  const EvaluationReport report{.model = info.name,
                                .backend = std::string(evaluation.supernet().backend()),
                                .weights_digest = info.weights_digest,
                                .subnets = evaluation.subnets(),
                                .floor = evaluation.floor(),
                                .latency = arguments.latency,
                                .unreadable = evaluation.unreadable()};
  std::fputs((arguments.json       ? EvaluationJson(report)
              : arguments.markdown ? EvaluationMarkdown(report)
                                   : EvaluationText(report))
                 .c_str(),
             stdout);
  if (arguments.update) {
    DYNOFA_RETURN_IF_ERROR(UpdateManifest(arguments.model, evaluation.subnets()));
  }
  return arguments.check_pareto ? CheckPareto(report) : absl::OkStatus();
}

}  // namespace

void AddEvaluateCommand(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<EvaluateArguments>();
  CLI::App* command = app.add_subcommand(
      "evaluate",
      "Measures the top-1 of subnets on class folders of images, prepared and run as "
      "requests are, and their latency");
  command->add_option("--model", arguments->model, "Model directory")->required();
  command->add_option("--data", arguments->data, "Images: DIR/<label>/*.jpg or .png");
  command->add_option("--level", arguments->level, "A subnet's id, or all")->capture_default_str();
  command->add_option("--limit", arguments->limit, "Images per class; 0 means all")
      ->capture_default_str();
  command->add_option("--backend", arguments->backend, "cpu or torch (default: the fastest)")
      ->check(CLI::IsMember({"cpu", "torch"}));
  command->add_option("--threads", arguments->latency.threads, "Threads on CPUs")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command->add_flag("--latency", arguments->measure_latency,
                    "Measure latencies in interleaved rounds, in random order in each");
  command->add_flag(
      "--check-pareto", arguments->check_pareto,
      "As --latency; fail if a level is at most as accurate as one that is at most as "
      "slow. Without --data the accuracies are those of model.toml");
  command->add_option("--rounds", arguments->latency.rounds, "Of latency")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  command->add_option("--runs", arguments->latency.runs, "Of each subnet in each round")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command->add_option("--seed", arguments->latency.seed, "Of the order")->capture_default_str();
  command->add_flag("--json", arguments->json, "Print JSON");
  command->add_flag("--markdown", arguments->markdown, "Print the table for a document")
      ->excludes("--json");
  command->add_flag("--update", arguments->update, "Write the figures into model.toml");
  command->callback(
      [arguments, &action]() { action = [arguments]() { return Evaluate(*arguments); }; });
}

}  // namespace dynofa::tools
