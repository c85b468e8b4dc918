#include <CLI/CLI.hpp>

#include "daemon/tools/command_line.h"
#include "daemon/tools/engine_bench.h"
#include "daemon/tools/families/bench.h"

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

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Measures dynofa on this machine");
  app.require_subcommand(1);
  dynofa::tools::EngineBenchOptions engine;
  dynofa::tools::families::BenchOptions families;
  AddEngine(app, engine);
  AddFamilies(app, families);
  if (const auto code = dynofa::tools::ParseCommandLine(app, "dynofa-bench", argc, argv)) {
    return *code;
  }
  if (app.got_subcommand("families")) return dynofa::tools::families::RunFamiliesBench(families);
  return dynofa::tools::RunEngineBench(engine);
}
