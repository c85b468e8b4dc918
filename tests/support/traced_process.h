#ifndef DYNOFA_TESTS_SUPPORT_TRACED_PROCESS_H_
#define DYNOFA_TESTS_SUPPORT_TRACED_PROCESS_H_

#include <sys/types.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/process.h"

namespace dynofa::tests {

/// A program that dies by SIGKILL right before it changes a folder for the n-th time, counted from
/// 0. A change is a system call that creates, writes, truncates, renames or removes a file below
/// the folder; the program is watched through ptrace and knows nothing of it.
///
/// The program may have threads; child processes are not followed. Dies with its test.
class TracedProcess {
 public:
  /// Whether this kernel and its rules let a test trace its child.
  static bool Possible();

  /// Starts the program. `kill_at` < 0: it is never killed, only counted.
  TracedProcess(std::vector<std::string> argv, std::string folder, int kill_at);
  ~TracedProcess();
  TracedProcess(const TracedProcess&) = delete;
  TracedProcess& operator=(const TracedProcess&) = delete;

  /// Changes seen so far.
  int changes() const { return changes_; }

  void Signal(int signal) const;

  /// Waits for the end of the program, which must come; kills it after kPatience.
  ExitStatus Wait();

  bool Running() const;

  /// All that the program has written so far.
  std::string Output() const;

 private:
  void Trace(const std::vector<std::string>& argv);
  ExitStatus FollowToTheEnd();
  /// Whether the system call that `thread` is about to make is the one not to be made.
  bool IsTheEnd(pid_t thread);

  const std::string folder_;
  const int kill_at_;
  int output_fd_;
  std::atomic<pid_t> pid_{0};
  std::atomic<int> changes_{0};
  std::promise<ExitStatus> end_;
  std::shared_future<ExitStatus> ended_;
  std::thread tracer_;
};

}  // namespace dynofa::tests

#endif  // DYNOFA_TESTS_SUPPORT_TRACED_PROCESS_H_
