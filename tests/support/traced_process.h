#ifndef DYNOFA_TESTS_SUPPORT_TRACED_PROCESS_H_
#define DYNOFA_TESTS_SUPPORT_TRACED_PROCESS_H_

#include <sys/types.h>

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/process.h"

namespace dynofa::tests {

/// A program whose changes of files go wrong as a test says. A change is a system call that
/// creates, writes, truncates, renames or removes a file; the program is watched through ptrace and
/// knows nothing of it. It can be killed by SIGKILL right before it changes a folder for the n-th
/// time, counted from 0, or be told that a write has failed, which is then not made.
///
/// The program may have threads; child processes are not followed. Dies with its test.
class TracedProcess {
 public:
  /// A write that fails: number `at`, from 0, of those to files below `folder`.
  struct WriteFault {
    std::string folder;
    int at = 0;
    int error = 0;  ///< errno
    /// So does every later one to the same file.
    bool lasting = false;
  };

  /// Whether this kernel and its rules let a test trace its child.
  static bool Possible();

  /// Starts the program. `kill_at` < 0: it is never killed, only counted.
  TracedProcess(std::vector<std::string> argv, std::string folder, int kill_at);
  ~TracedProcess();
  TracedProcess(const TracedProcess&) = delete;
  TracedProcess& operator=(const TracedProcess&) = delete;

  /// Changes seen so far.
  int changes() const { return changes_; }

  /// Lets writes fail from now on as said; counts from 0 anew.
  void SetFault(WriteFault fault);
  /// Lets none fail any more.
  void EndFault() { SetFault({}); }
  /// The file whose write has failed since SetFault; empty if none has.
  std::string failed_file() const;
  /// Writes below the fault's folder since SetFault, failed ones included.
  int writes() const;

  void Signal(int signal) const;

  /// Waits for the end of the program, which must come; kills it after kPatience.
  ExitStatus Wait();

  bool Running() const;

  /// All that the program has written so far.
  std::string Output() const;

 private:
  void Trace(const std::vector<std::string>& argv);
  ExitStatus FollowToTheEnd();
  /// Looks at the system call that `thread` is about to make, and lets it fail if it is to.
  /// Returns whether it is the one before which the program dies.
  bool IsTheEnd(pid_t thread);
  /// The error that a write to `file` meets; 0 = none.
  int ErrorOfWrite(const std::string& file);

  const std::string folder_;
  const int kill_at_;
  int output_fd_;
  std::atomic<pid_t> pid_{0};
  std::atomic<int> changes_{0};
  mutable std::mutex mutex_;
  WriteFault fault_;  // with mutex_ held, as the next two
  int writes_ = 0;
  std::string failed_file_;
  std::promise<ExitStatus> end_;
  std::shared_future<ExitStatus> ended_;
  std::thread tracer_;
};

}  // namespace dynofa::tests

#endif  // DYNOFA_TESTS_SUPPORT_TRACED_PROCESS_H_
