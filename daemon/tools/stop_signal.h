#ifndef DYNOFA_DAEMON_TOOLS_STOP_SIGNAL_H_
#define DYNOFA_DAEMON_TOOLS_STOP_SIGNAL_H_

#include <csignal>

namespace dynofa::tools {

/// While it lives, SIGINT and SIGTERM are noted, so that a long command can leave what it has
/// behind; each of them ends the process at once when it comes a second time. The destructor puts
/// the former handlers back. One at a time, in one thread.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  bool requested() const;

 private:
  struct sigaction interrupt_ = {};
  struct sigaction terminate_ = {};
};

}  // namespace dynofa::tools

#endif  // DYNOFA_DAEMON_TOOLS_STOP_SIGNAL_H_
