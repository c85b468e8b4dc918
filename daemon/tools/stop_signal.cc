#include "daemon/tools/stop_signal.h"

namespace dynofa::tools {
namespace {

// A signal handler reaches nothing but static data.
volatile std::sig_atomic_t requested_signal = 0;

void Note(int signal) { requested_signal = signal; }

}  // namespace

StopSignal::StopSignal() {
  requested_signal = 0;
  struct sigaction action = {};
  action.sa_handler = Note;
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  ::sigaction(SIGINT, &action, &interrupt_);
  ::sigaction(SIGTERM, &action, &terminate_);
}

StopSignal::~StopSignal() {
  ::sigaction(SIGINT, &interrupt_, nullptr);
  ::sigaction(SIGTERM, &terminate_, nullptr);
}

bool StopSignal::requested() const { return requested_signal != 0; }

}  // namespace dynofa::tools
