#include <CLI/CLI.hpp>

#include "daemon/tools/command_line.h"
#include "daemon/tools/decide_bench.h"
#include "daemon/tools/engine_bench.h"
#include "daemon/tools/families/bench.h"
#include "daemon/tools/hardware_bench.h"
#include "daemon/tools/scenario/bench.h"

namespace {

constexpr int kMaxThreads = 64;

void AddEngine(CLI::App& app, dynofa::tools::EngineBenchOptions& options) {
  CLI::App* engine = app.add_subcommand(
      "engine", "The cpu backend: latency against libtorch, memory and switching of levels");
  engine->add_flag("--json", options.json, "Print JSON instead of tables");
  engine->add_option("--rounds", options.rounds, "Interleaved rounds of each measurement")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  engine->add_option("--part", options.part, "Measure only this part")
      ->check(CLI::IsMember({"all", "latency", "memory", "switch"}))
      ->capture_default_str();
  engine->add_option("--threads", options.threads, "Threads of the latency cells")
      ->delimiter(',')
      ->check(CLI::Range(1, kMaxThreads))
      ->capture_default_str();
  engine->add_flag("--check", options.check, "Fail (status 1) if a target is missed");
  engine
      ->add_option("--memory-of-levels", options.memory_of_levels,
                   "Print the resident bytes of a process with so many levels (for --part memory)")
      ->check(CLI::Range(1, 6));
}

void AddFamilies(CLI::App& app, dynofa::tools::families::BenchOptions& options) {
  CLI::App* families = app.add_subcommand(
      "families", "Dynamic-OFA and the networks it was compared with, on the cpu backend");
  families->add_option("--families", options.file, "Networks other than those that come with it")
      ->check(CLI::ExistingFile);
  families->add_option("--threads", options.threads, "Numbers of threads")
      ->delimiter(',')
      ->check(CLI::Range(1, kMaxThreads))
      ->capture_default_str();
  families->add_option("--rounds", options.rounds, "Interleaved rounds")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  families->add_option("--runs", options.runs, "Runs of each network in a round")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  families->add_flag("--all", options.all, "All networks; about half of them without");
  families->add_flag("--check", options.check, "Compare every network with libtorch first");
  families->add_flag("--json", options.json, "Print JSON instead of tables");
  families->add_flag("--quiet", options.quiet, "Say nothing about the progress");
  families->add_option("--svg", options.svg, "Also write the figure to this file");
  families->add_option("--markdown", options.markdown, "Also write the tables to this file");
  families
      ->add_option("--write-docs", options.docs,
                   "Also write families.svg and the tables of families.md in this folder")
      ->check(CLI::ExistingDirectory);
}

void AddScenario(CLI::App& app, dynofa::tools::scenario::BenchOptions& options) {
  CLI::App* scenario = app.add_subcommand(
      "scenario", "Policies on emulated boards in virtual time: requirements met, energy");
  scenario->add_option("files", options.files, "Scenario files")->check(CLI::ExistingFile);
  scenario->add_flag("--all", options.all, "Every scenario of --folder");
  scenario->add_option("--folder", options.folder, "Where --all looks")->capture_default_str();
  scenario
      ->add_option("--policy", options.policies,
                   "Policies to compare, the first one with the others; with @GOVERNOR after "
                   "it, what the knobs were left with before. All registered ones without")
      ->delimiter(',');
  scenario->add_option("--board", options.board,
                       "Another board than the scenarios name: an id, or the path of a board file");
  scenario->add_option("--seeds", options.seeds, "Seeds of each policy")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  scenario->add_option("--jobs", options.jobs, "Simulations at a time")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  scenario
      ->add_option("--vary", options.vary,
                   "Vary these coefficients of the board, or all, one at a time and each way")
      ->delimiter(',');
  scenario->add_option("--vary-percent", options.vary_percent, "By how much")
      ->check(dynofa::tools::Between(0.1, 99.0))
      ->capture_default_str();
  scenario
      ->add_option("--profile-error", options.profile_error_percent,
                   "Give policies (all but the oracle) a wrong profile: its latencies and powers "
                   "are off by so many percent (standard deviation), by the seed")
      ->check(dynofa::tools::Between(0.0, 100.0))
      ->capture_default_str();
  scenario->add_flag("--json", options.json, "Print JSON instead of tables");
  scenario->add_option("--markdown", options.markdown, "Also write the tables to this file");
  scenario->add_option("--html", options.html, "Also write a page with timelines to this file");
}

void AddDecide(CLI::App& app, dynofa::tools::DecideBenchOptions& options) {
  CLI::App* decide = app.add_subcommand("decide", "How long one decision of a policy takes");
  decide->add_option("--rounds", options.rounds, "Decisions per cell")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  decide->add_option("--policy", options.policy, "The policy")->capture_default_str();
  decide->add_flag("--json", options.json, "Print JSON instead of a table");
  decide->add_flag("--check", options.check, "Fail (status 1) if a target is missed");
}

void AddHardware(CLI::App& app, dynofa::tools::HardwareBenchOptions& options) {
  CLI::App* hardware = app.add_subcommand(
      "hardware", "Reading and setting a board, and how often both services wake up");
  hardware->add_flag("--json", options.json, "Print JSON");
  hardware->add_option("--part", options.part, "Measure only this part")
      ->check(CLI::IsMember({"all", "snapshot", "writes", "wakeups"}))
      ->capture_default_str();
  hardware->add_option("--rounds", options.rounds, "Readings, and decisions")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  hardware
      ->add_option("--sysfs-root", options.sysfs_root,
                   "Write on this tree (a mounted emulated board, say)")
      ->check(CLI::ExistingDirectory);
  hardware->add_option("--seconds", options.seconds, "How long wake-ups are counted, each time")
      ->check(dynofa::tools::Between(1.0, 3600.0))
      ->capture_default_str();
  hardware->add_option("--programs", options.programs,
                       "Folder of dynofad, dynofa-boardd and dynofactl (default: this program's)");
  hardware->add_option("--model", options.model, "Model that dynofad hosts (for wake-ups)")
      ->check(CLI::ExistingDirectory);
  hardware->add_flag("--check", options.check, "Fail (status 1) if a target is missed");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Measures dynofa on this machine");
  app.require_subcommand(1);
  dynofa::tools::EngineBenchOptions engine;
  dynofa::tools::families::BenchOptions families;
  dynofa::tools::scenario::BenchOptions scenario;
  dynofa::tools::DecideBenchOptions decide;
  AddEngine(app, engine);
  dynofa::tools::HardwareBenchOptions hardware;
  AddFamilies(app, families);
  AddScenario(app, scenario);
  AddDecide(app, decide);
  AddHardware(app, hardware);
  if (const auto code = dynofa::tools::ParseCommandLine(app, "dynofa-bench", argc, argv)) {
    return *code;
  }
  if (app.got_subcommand("decide")) return dynofa::tools::RunDecideBench(decide);
  if (app.got_subcommand("families")) return dynofa::tools::families::RunFamiliesBench(families);
  if (app.got_subcommand("scenario")) {
    return dynofa::tools::RunToExit(
        "dynofa-bench", [&] { return dynofa::tools::scenario::RunScenarioBench(scenario); });
  }
  if (app.got_subcommand("hardware")) return dynofa::tools::RunHardwareBench(hardware);
  return dynofa::tools::RunEngineBench(engine);
}
