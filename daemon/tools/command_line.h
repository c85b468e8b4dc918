#ifndef DYNOFA_DAEMON_TOOLS_COMMAND_LINE_H_
#define DYNOFA_DAEMON_TOOLS_COMMAND_LINE_H_

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"

namespace dynofa::tools {

/// What every tool ends with.
inline constexpr int kExitOk = 0;
inline constexpr int kExitError = 1;  ///< it could not be done; standard error says why
inline constexpr int kExitUsage = 2;  ///< the command line is wrong

/// A number from `low` to `high`. CLI::Range alone lets NaN through, which is below nothing.
inline CLI::Validator Between(double low, double high) {
  const CLI::Validator range = CLI::Range(low, high);
  const auto check = [range](std::string& text) {
    const bool number = text.find_first_of("nN") == std::string::npos;
    return number ? range(text) : text + " is not a number";
  };
  return CLI::Validator(check, range.get_description());
}

/// Gives `app` the name of its program and --version, and parses the command line. Returns what
/// the program ends with at once (after --help, --version or wrong usage), or nullopt to go on.
inline std::optional<int> ParseCommandLine(CLI::App& app, const std::string& program, int argc,
                                           char** argv) {
  app.name(program);
  app.set_version_flag("--version", program + " " + DYNOFA_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and version come as errors of code 0.
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return std::nullopt;
}

/// Runs what a program does and says on standard error what went wrong, also what was thrown.
inline int RunToExit(const std::string& program, const std::function<absl::Status()>& run) {
  std::string message;
  try {
    const absl::Status status = run();
    if (status.ok()) return kExitOk;
    message = std::string(status.message());
  } catch (const std::exception& error) {
    message = error.what();
  }
  std::fprintf(stderr, "%s: %s\n", program.c_str(), message.c_str());
  return kExitError;
}

}  // namespace dynofa::tools

#endif  // DYNOFA_DAEMON_TOOLS_COMMAND_LINE_H_
