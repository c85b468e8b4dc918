#include <CLI/CLI.hpp>

#include "daemon/tools/command_line.h"
#include "daemon/tools/engine_bench.h"

int main(int argc, char** argv) {
  CLI::App app("Measures dynofa on this machine");
  app.require_subcommand(1);

  dynofa::tools::EngineBenchOptions options;
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
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  engine->add_flag("--check", options.check, "Fail (status 1) if a target is missed");
  engine
      ->add_option("--memory-of-levels", options.memory_of_levels,
                   "Print the resident bytes of a process with so many levels (for --part memory)")
      ->check(CLI::Range(1, 6));
  if (const auto code = dynofa::tools::ParseCommandLine(app, "dynofa-bench", argc, argv)) {
    return *code;
  }
  return dynofa::tools::RunEngineBench(options);
}
