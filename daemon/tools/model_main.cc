// dynofa-model: trains, calibrates and evaluates models.

#include <CLI/CLI.hpp>
#include <cstdio>

#include "daemon/tools/model_commands.h"

int main(int argc, char** argv) {
  CLI::App app("Trains, calibrates and evaluates models");
  app.require_subcommand(1);
  dynofa::tools::Action action;
  dynofa::tools::AddTrainCommand(app, action);
  dynofa::tools::AddCalibrateCommand(app, action);
  dynofa::tools::AddEvaluateCommand(app, action);
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = action();
  if (!status.ok()) std::fprintf(stderr, "dynofa-model: %s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
