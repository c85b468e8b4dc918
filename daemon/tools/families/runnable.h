#ifndef DYNOFA_DAEMON_TOOLS_FAMILIES_RUNNABLE_H_
#define DYNOFA_DAEMON_TOOLS_FAMILIES_RUNNABLE_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/engine/cpu/chain_net.h"
#include "daemon/tools/families/network.h"

namespace dynofa::tools::families {

/// One network with one number of threads: what is timed.
struct Cell {
  const Network* network = nullptr;
  int threads = 1;
  /// Of chains; a supernet can only apply them.
  engine::cpu::BatchNormForm form = engine::cpu::BatchNormForm::kApplied;
};

/// A cell on the cpu backend, with synthetic weights and a synthetic image. One thread at a time.
class Runnable {
 public:
  virtual ~Runnable() = default;

  virtual absl::Status Run() = 0;

  /// Largest difference of a logit from what libtorch computes of the same network, over the
  /// largest logit. Slow.
  virtual absl::StatusOr<double> DifferenceFromLibtorch() = 0;
};

/// One runnable per cell. Subnets of one width share a supernet, as they do in service; chains have
/// weights of their own, which cells of the same network share. The networks outlive the result.
absl::StatusOr<std::vector<std::unique_ptr<Runnable>>> MakeRunnables(
    const std::vector<Cell>& cells);

}  // namespace dynofa::tools::families

#endif  // DYNOFA_DAEMON_TOOLS_FAMILIES_RUNNABLE_H_
