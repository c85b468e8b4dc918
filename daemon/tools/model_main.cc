// dynofa-model: imports, trains, calibrates, searches and evaluates models.

#include <malloc.h>

#include <CLI/CLI.hpp>

#include "daemon/tools/command_line.h"
#include "daemon/tools/model_commands.h"

namespace {

// libtorch asks for every activation anew. Kept by the process instead of handed back to the
// kernel, that memory need not be cleared and mapped again: calibration takes 0.6 of the time.
void KeepFreedMemory() {
  constexpr int kGigabyte = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, kGigabyte);
  mallopt(M_TRIM_THRESHOLD, kGigabyte);
}

}  // namespace

int main(int argc, char** argv) {
  KeepFreedMemory();
  CLI::App app("Imports, trains, calibrates, searches and evaluates models");
  app.require_subcommand(1);
  dynofa::tools::Action action;
  dynofa::tools::AddImportCommand(app, action);
  dynofa::tools::AddPredictCommand(app, action);
  dynofa::tools::AddTrainCommand(app, action);
  dynofa::tools::AddCalibrateCommand(app, action);
#ifdef DYNOFA_SEARCH
  dynofa::tools::AddSearchCommand(app, action);
#endif
  dynofa::tools::AddEvaluateCommand(app, action);
  app.footer(
      "Exit codes: 0 done, 1 it could not be done (standard error says why), 2 wrong usage.");
  if (const auto code = dynofa::tools::ParseCommandLine(app, "dynofa-model", argc, argv)) {
    return *code;
  }
  return dynofa::tools::RunToExit("dynofa-model", action);
}
