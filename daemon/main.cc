// dynofad: flags, configuration, signals. The object graph is built in assembly.cc.

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "daemon/assembly.h"
#include "daemon/base/log.h"
#include "daemon/base/strings.h"
#include "daemon/config/config.h"

namespace dynofa {
namespace {

struct Flags {
  std::string config = "/etc/dynofa/dynofad.toml";
  bool check_config = false;
};

/// Blocks the signals that stop the daemon, in every thread made from now on.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

int Run(const config::Config& config) {
  const sigset_t signals = BlockStopSignals();
  const auto assembly = Assembly::Create(config);
  if (!assembly.ok()) {
    base::LogError("cannot start: ", base::FromAbsl(assembly.status().message()));
    return 1;
  }
  int number = 0;
  sigwait(&signals, &number);
  base::LogInfo("stopping (", strsignal(number), "); a second signal stops at once");
  // dynofa-boardd puts the knobs back when the connection ends, so leaving at once is safe.
  signal(SIGTERM, [](int) { _exit(1); });
  signal(SIGINT, [](int) { _exit(1); });
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  (*assembly)->Stop();
  base::LogInfo("stopped");
  return 0;
}

int Main(int argc, char** argv) {
  CLI::App app{"dynofad: resource manager for neural networks on edge boards"};
  app.set_version_flag("--version", "dynofad " DYNOFA_VERSION);
  Flags flags;
  app.add_option("--config", flags.config, "Configuration file")->capture_default_str();
  app.add_flag("--check-config", flags.check_config, "Read the configuration and stop");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const auto config = config::LoadConfig(flags.config);
  if (!config.ok()) {
    std::fprintf(stderr, "dynofad: %s\n", std::string(config.status().message()).c_str());
    return 2;
  }
  if (flags.check_config) {
    std::printf("%s is valid\n", flags.config.c_str());
    return 0;
  }
  base::SetLogLevelByName(config->daemon.log_level);
  return Run(*config);
}

}  // namespace
}  // namespace dynofa

int main(int argc, char** argv) { return dynofa::Main(argc, argv); }
