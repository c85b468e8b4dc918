#ifndef DYNOFA_TESTS_SUPPORT_PROCESS_H_
#define DYNOFA_TESTS_SUPPORT_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dynofa::tests {

/// The longest that a test waits for something that must happen. Generous, since nothing is timed
/// by it: a condition that holds is seen within milliseconds.
inline constexpr std::chrono::milliseconds kPatience{20'000};

/// Asks `condition` again and again until it holds; false if it does not within `patience`.
bool WaitUntil(const std::function<bool()>& condition,
               std::chrono::milliseconds patience = kPatience);

/// How a program ended.
struct ExitStatus {
  int code = -1;   ///< exit code; -1 if a signal ended it
  int signal = 0;  ///< the signal that ended it, or 0

  bool ok() const { return code == 0; }
};

/// One child process. It dies with its test: killed and reaped by the destructor, and by the
/// kernel if the test itself dies. Output (stdout and stderr together) is kept in memory and can
/// be read at any time. Not thread-safe.
class Process {
 public:
  struct Options {
    /// argv[0] is a path, or a name looked up in PATH.
    std::vector<std::string> argv;
    /// Added to (or replacing in) the test's own environment.
    std::map<std::string, std::string> environment;
    /// The child's standard output goes to Output() if true, else to the test's own.
    bool capture = true;
  };

  /// Starts the program. Throws std::runtime_error if it cannot be executed.
  static std::unique_ptr<Process> Start(Options options);
  static std::unique_ptr<Process> Start(std::vector<std::string> argv);

  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }

  /// Sends a signal; does nothing if the program has ended and been waited for.
  void Signal(int signal) const;

  /// Waits for the end; nullopt if the program still runs after `patience`.
  std::optional<ExitStatus> Wait(std::chrono::milliseconds patience = kPatience);

  /// Signal and Wait in one.
  std::optional<ExitStatus> Stop(int signal, std::chrono::milliseconds patience = kPatience);

  bool Running();

  /// All that the program has written so far.
  std::string Output() const;

  /// Waits until Output() contains `text`; false if it does not within `patience`, or if the
  /// program ends without it.
  bool WaitForOutput(std::string_view text, std::chrono::milliseconds patience = kPatience);

 private:
  Process(pid_t pid, int output_fd) : pid_(pid), output_fd_(output_fd) {}

  pid_t pid_;
  int output_fd_;
  std::optional<ExitStatus> ended_;
};

/// Runs a program to its end.
struct Finished {
  ExitStatus status;
  std::string output;
};
Finished RunProgram(std::vector<std::string> argv,
                    std::map<std::string, std::string> environment = {},
                    std::chrono::milliseconds patience = kPatience);

}  // namespace dynofa::tests

#endif  // DYNOFA_TESTS_SUPPORT_PROCESS_H_
