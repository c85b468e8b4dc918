#ifndef DYNOFA_CLIENT_CLI_COMMANDS_H_
#define DYNOFA_CLIENT_CLI_COMMANDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dynofa/client.h"

// The commands of dynofactl. Each returns the program's exit code.

namespace dynofa::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitService = 1;  ///< the service said no, or is not there
inline constexpr int kExitUsage = 2;    ///< what was typed is wrong

/// What every command takes.
struct Common {
  std::string socket;
  std::string bus;
  bool json = false;
  double wait_s = 0.0;
};

struct InferArguments {
  std::vector<std::string> files;
  client::InferOptions options;
};

struct RunArguments {
  std::vector<std::string> images;
  int pattern_side = 224;
  std::string model;
  std::string name = "dynofactl";
  std::string subnet;
  client::Requirement requirement;
  double duration_s = 0.0;  ///< 0: until `count`
  long count = 0;           ///< 0: until `duration_s`
  std::vector<std::string> changes;
  std::string control;
};

/// What `profile` does.
enum class ProfileAction {
  kMeasure,  ///< begins, and follows until it is over
  kDetach,   ///< begins
  kWatch,    ///< follows what was begun before
  kStatus,   ///< how far it is
  kShow,     ///< what is known
  kCancel,
};

struct ProfileArguments {
  ProfileAction action = ProfileAction::kMeasure;
  client::ProfileRequest request;
  /// An interrupt ends the job, too, not only this program.
  bool attached = false;
};

struct BenchArguments {
  std::string scenario;  ///< a file
  std::optional<std::uint64_t> seed;
  std::string emulator_control;
  int pattern_side = 32;
};

int ShowStatus(const Common& common);
int ShowBoard(const Common& common);
int Explain(const Common& common);
int Mode(const Common& common, const std::string& name);
int Infer(const Common& common, const InferArguments& arguments);
int Run(const Common& common, const RunArguments& arguments);
int Profile(const Common& common, const ProfileArguments& arguments);
int Bench(const Common& common, const BenchArguments& arguments);

/// The daemon's connection, or an error already shown.
std::optional<client::Client> ConnectOrExplain(const Common& common);

/// Shows an error and returns the exit code for it.
int Fail(const Common& common, const client::Error& error);

}  // namespace dynofa::cli

#endif  // DYNOFA_CLIENT_CLI_COMMANDS_H_
