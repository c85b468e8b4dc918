// dynofactl: the command line of users and operators of dynofad.

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "client/cli/commands.h"

namespace dynofa::cli {
namespace {

/// An option that sets an optional.
template <typename T>
CLI::Option* AddOptional(CLI::App* app, const std::string& flag, std::optional<T>* target,
                         const std::string& help) {
  return app->add_option_function<T>(
      flag, [target](const T& value) { *target = value; }, help);
}

/// A number from `low` to `high`. CLI::Range alone lets NaN through, which is below nothing.
CLI::Validator Between(double low, double high) {
  const CLI::Validator range = CLI::Range(low, high);
  const auto check = [range](std::string& text) {
    const bool number = text.find_first_of("nN") == std::string::npos;
    return number ? range(text) : text + " is not a number";
  };
  return CLI::Validator(check, range.get_description());
}

/// What may stand before or after the command's name.
void AddCommon(CLI::App* app, Common* common) {
  app->fallthrough();
  app->add_option("--bus", common->bus,
                  "D-Bus address, for mode (default $DBUS_SYSTEM_BUS_ADDRESS or the system bus)");
  app->add_option("--socket", common->socket,
                  "Socket of the daemon (default $DYNOFA_SOCKET or /run/dynofa/dynofa.sock)");
  app->add_flag("--json", common->json, "Print JSON");
  app->add_option("--wait", common->wait_s, "Wait so many seconds for a daemon that is starting")
      ->check(Between(0.0, 3600.0));
}

void AddStatus(CLI::App* root, Common* common, int* exit_code) {
  CLI::App* const status = root->add_subcommand("status", "Board, clusters, sessions, power");
  status->callback([=] { *exit_code = ShowStatus(*common); });
  CLI::App* const board = root->add_subcommand(
      "board", "What was found of the machine, what may be written, what is missing and why");
  board->callback([=] { *exit_code = ShowBoard(*common); });
  CLI::App* const explain =
      root->add_subcommand("explain", "The decision in force and the reasons for it");
  explain->callback([=] { *exit_code = Explain(*common); });
}

void AddMode(CLI::App* root, Common* common, int* exit_code) {
  CLI::App* const mode = root->add_subcommand("mode", "Show the power mode, or set it (D-Bus)");
  auto name = std::make_shared<std::string>();
  mode->add_option("NAME", *name, "Power mode to set; none: show");
  mode->callback([=] { *exit_code = Mode(*common, *name); });
}

void AddInfer(CLI::App* root, Common* common, InferArguments* arguments, int* exit_code) {
  CLI::App* const infer = root->add_subcommand("infer", "Classify JPEG or PNG files");
  infer->add_option("FILE", arguments->files, "Pictures")->required();
  infer->add_option("--model", arguments->options.model, "Model (default: the only one)");
  infer->add_option("--session", arguments->options.session, "Id of an open session");
  infer->add_option("--subnet", arguments->options.subnet, "Run exactly this subnet");
  AddOptional(infer, "--latency-ms", &arguments->options.slo_ms, "Response time to aim at");
  AddOptional(infer, "--min-accuracy", &arguments->options.min_accuracy,
              "Lowest acceptable accuracy, 0 to 1");
  AddOptional(infer, "--timeout-ms", &arguments->options.timeout_ms, "How long to wait");
  infer->callback([=] { *exit_code = Infer(*common, *arguments); });
}

void AddRun(CLI::App* root, Common* common, RunArguments* arguments, int* exit_code) {
  CLI::App* const run =
      root->add_subcommand("run", "Send requests at a rate in a session, and report each second");
  run->add_option("--images", arguments->images,
                  "Pictures, or folders of them; in class folders (<class>/*.jpg) whose names are "
                  "labels of the model, accuracy is measured");
  run->add_option("--pattern-side", arguments->pattern_side,
                  "Side of the generated pictures that are sent without --images")
      ->check(CLI::Range(1, 4096));
  run->add_option("--model", arguments->model, "Model (default: the only one)");
  run->add_option("--name", arguments->name, "Name of the session");
  run->add_option("--subnet", arguments->subnet, "Run exactly this subnet");
  client::Requirement* const requirement = &arguments->requirement;
  run->add_option("--rate", requirement->rate_hz,
                  "Requests per second; 0: the next one when the last is answered")
      ->check(Between(0.0, 100000.0));
  AddOptional(run, "--latency-ms", &requirement->latency_ms, "Response time asked for");
  AddOptional(run, "--percentile", &requirement->percentile,
              "Percent of requests that must meet it (99)");
  AddOptional(run, "--min-accuracy", &requirement->min_accuracy,
              "Lowest acceptable accuracy, 0 to 1");
  AddOptional(run, "--max-energy-mj", &requirement->max_energy_mj,
              "Highest acceptable energy per inference");
  AddOptional(run, "--priority", &requirement->priority, "1 (most important) to 9");
  run->add_option("--duration", arguments->duration_s, "Seconds (10 without --count)")
      ->check(Between(0.0, 1e6));
  run->add_option("--count", arguments->count, "Requests")->check(CLI::NonNegativeNumber);
  run->add_option("--then", arguments->changes,
                  "Change the requirement at a time: \"AT_S:latency_ms=20,min_accuracy=0.8\"; "
                  "\"none\" takes a part back; may be given again");
  run->add_option("--control", arguments->control,
                  "stdin: read changes as JSON lines, {\"latency_ms\": 20}, null takes back")
      ->check(CLI::IsMember({"stdin"}));
  run->callback([=] { *exit_code = Run(*common, *arguments); });
}

void AddProfile(CLI::App* root, Common* common, ProfileArguments* arguments, int* exit_code) {
  CLI::App* const profile = root->add_subcommand(
      "profile", "Measure what the models cost on this board, and show how far that is");
  client::ProfileRequest* const request = &arguments->request;
  profile->add_option("--model", request->models, "Only this model; may be given again");
  profile->add_option("--cluster", request->clusters, "Only this cluster; may be given again");
  profile->add_option("--subnet", request->subnets, "Only this subnet; may be given again");
  profile->add_flag("--force", request->force, "Even where a session cannot be served meanwhile");
  profile->add_flag("--again", request->again, "Measure what is known already, too");
  profile->add_flag("--attached", arguments->attached,
                    "An interrupt (Ctrl-C) ends the measuring, not only this program");
  CLI::Option_group* const actions = profile->add_option_group("instead of measuring and waiting");
  const auto action = [&](const char* flag, ProfileAction what, const char* help) {
    actions->add_flag_callback(
        flag, [=] { arguments->action = what; }, help);
  };
  action("--detach", ProfileAction::kDetach, "Begin, and do not wait");
  action("--watch", ProfileAction::kWatch, "Follow what was begun before");
  action("--status", ProfileAction::kStatus, "How far it is");
  action("--show", ProfileAction::kShow, "What is known");
  action("--cancel", ProfileAction::kCancel, "End it; what was measured is kept");
  actions->require_option(0, 1);
  profile->callback([=] { *exit_code = Profile(*common, *arguments); });
}

void AddBench(CLI::App* root, Common* common, BenchArguments* arguments, int* exit_code) {
  CLI::App* const bench = root->add_subcommand(
      "bench", "Play a scenario against a service on an emulated board, in real time");
  bench->add_option("SCENARIO", arguments->scenario, "A scenario file, as dynofa-bench plays them")
      ->required()
      ->check(CLI::ExistingFile);
  bench
      ->add_option("--emulator-control", arguments->emulator_control,
                   "Socket on which the board's surroundings are played and its energy is read: "
                   "that of dynofa-boardd --emulator-control")
      ->required();
  AddOptional(bench, "--seed", &arguments->seed, "Of the arrivals (default: the scenario's)");
  bench->add_option("--pattern-side", arguments->pattern_side, "Side of the pictures sent")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  bench->callback([=] { *exit_code = Bench(*common, *arguments); });
}

int Main(int argc, char** argv) {
  CLI::App app("Talks to dynofad: inference, sessions, power modes.", "dynofactl");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("dynofactl " DYNOFA_VERSION));
  app.footer(
      "Exit codes: 0 done, 1 the service refused or is not there, or run got no answer, 2 wrong "
      "usage or a file that cannot be read.");
  int exit_code = kExitOk;
  Common common;
  InferArguments infer;
  RunArguments run;
  ProfileArguments profile;
  BenchArguments bench;
  AddCommon(&app, &common);
  AddStatus(&app, &common, &exit_code);
  AddInfer(&app, &common, &infer, &exit_code);
  AddRun(&app, &common, &run, &exit_code);
  AddMode(&app, &common, &exit_code);
  AddProfile(&app, &common, &profile, &exit_code);
  AddBench(&app, &common, &bench, &exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and version come as errors of code 0.
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return exit_code;
}

}  // namespace
}  // namespace dynofa::cli

int main(int argc, char** argv) {
  try {
    return dynofa::cli::Main(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "dynofactl: " << error.what() << std::endl;
    return dynofa::cli::kExitService;
  }
}
