#ifndef DYNOFA_DAEMON_ASSEMBLY_H_
#define DYNOFA_DAEMON_ASSEMBLY_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/config/config.h"

namespace dynofa {

/// The daemon's object graph, from board to edges, built once from a configuration. Everything
/// runs on threads of its own from Create to Stop.
class Assembly {
 public:
  /// Loads the models, takes the board (or serves without knobs if there is none), opens the
  /// socket. Reports readiness to the service manager at the end.
  static absl::StatusOr<std::unique_ptr<Assembly>> Create(const config::Config& config);

  ~Assembly();
  Assembly(const Assembly&) = delete;
  Assembly& operator=(const Assembly&) = delete;

  /// Stops in order: no new requests, drain, leave the bus, put the knobs back. Returns when that
  /// is done or its bounded time is over.
  void Stop();

 private:
  struct Parts;
  explicit Assembly(std::unique_ptr<Parts> parts);
  const std::unique_ptr<Parts> parts_;
};

}  // namespace dynofa

#endif  // DYNOFA_DAEMON_ASSEMBLY_H_
