#ifndef DYNOFA_DAEMON_TOOLS_CHILD_PROCESS_H_
#define DYNOFA_DAEMON_TOOLS_CHILD_PROCESS_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace dynofa::tools {

/// A program that runs as long as this object lives: ended by SIGTERM, and waited for.
class ChildProcess {
 public:
  /// argv[0] is a path. What it says goes to the file `output`.
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(const std::vector<std::string>& argv,
                                                             const std::string& output);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }

  /// False once it has ended.
  bool Running();

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}

  const pid_t pid_;
  bool ended_ = false;
};

}  // namespace dynofa::tools

#endif  // DYNOFA_DAEMON_TOOLS_CHILD_PROCESS_H_
