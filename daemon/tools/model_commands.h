#ifndef DYNOFA_DAEMON_TOOLS_MODEL_COMMANDS_H_
#define DYNOFA_DAEMON_TOOLS_MODEL_COMMANDS_H_

#include <CLI/CLI.hpp>
#include <functional>

#include "absl/status/status.h"

namespace dynofa::tools {

/// What the chosen sub-command does, once the command line is read.
using Action = std::function<absl::Status()>;

/// Each adds its sub-command to `app`; parsing it sets `action`, which must outlive `app`.
void AddImportCommand(CLI::App& app, Action& action);
void AddPredictCommand(CLI::App& app, Action& action);
void AddTrainCommand(CLI::App& app, Action& action);
void AddCalibrateCommand(CLI::App& app, Action& action);
void AddEvaluateCommand(CLI::App& app, Action& action);
void AddSearchCommand(CLI::App& app, Action& action);  // in builds with the cpu backend

}  // namespace dynofa::tools

#endif  // DYNOFA_DAEMON_TOOLS_MODEL_COMMANDS_H_
