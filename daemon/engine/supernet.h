#ifndef DYNOFA_DAEMON_ENGINE_SUPERNET_H_
#define DYNOFA_DAEMON_ENGINE_SUPERNET_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/engine/catalogue.h"

namespace dynofa::engine {

/// Scratch memory for runs: activations, sized for the largest subnet that was prepared when it
/// was made. Belongs to one executor thread at a time.
class Workspace {
 public:
  virtual ~Workspace() = default;
};

/// Asked after each part of a subnet that runs (the stem, each block; not after the last part), on
/// the thread that called, with how many parts are through and how many there are: the same number
/// in every run of a subnet. False stops the run.
using PartDone = absl::FunctionRef<bool(int done, int parts)>;

/// A subnet that is ready to run. Immutable: several threads may run it at once, each with a
/// workspace of its own. Requests pin the subnet they use by a shared_ptr, so that switching
/// waits for nobody.
class PreparedSubnet {
 public:
  virtual ~PreparedSubnet() = default;

  virtual const SubnetInfo& info() const = 0;

  /// Runs one image. `image` is FP32 NHWC of info().resolution squared by 3, normalised; `logits`
  /// has one place per class. Runs on the calling thread (and, with more than one thread in the
  /// workspace, on its helpers). INVALID_ARGUMENT if a size is wrong.
  absl::Status Run(std::span<const float> image, std::span<float> logits,
                   Workspace& workspace) const {
    return RunParts(image, logits, workspace, [](int, int) { return true; });
  }

  /// As Run(). ABORTED if `part_done` stopped it: what is in `logits` then means nothing, and the
  /// workspace is as good as before.
  virtual absl::Status RunParts(std::span<const float> image, std::span<float> logits,
                                Workspace& workspace, PartDone part_done) const = 0;
};

/// One weight set on one backend, with everything its subnets share. Thread-safe.
class Supernet {
 public:
  virtual ~Supernet() = default;

  virtual const ModelInfo& info() const = 0;
  /// "cpu" (oneDNN) or "torch" (the reference).
  virtual std::string_view backend() const = 0;
  /// Version and instruction set of the code that runs ("oneDNN 2.6.3, AVX2"): what measured times
  /// depend on besides the machine. Empty if nobody knows.
  virtual std::string build() const { return ""; }

  /// Gets a subnet of the catalogue ready; slow (milliseconds to seconds), the second call for
  /// the same id returns the first result. NOT_FOUND for an unknown id.
  virtual absl::StatusOr<std::shared_ptr<const PreparedSubnet>> Prepare(
      std::string_view subnet) = 0;

  /// A workspace that fits every subnet prepared so far; `threads` >= 1.
  virtual absl::StatusOr<std::unique_ptr<Workspace>> NewWorkspace(int threads) = 0;
};

/// Loads a model directory (docs/adding-a-model.md) on `backend` ("cpu" or "torch"). Reads every
/// file once and completely; INVALID_ARGUMENT, with file and reason, for anything wrong in it.
/// Defined in engine/loader/, which alone knows families and backends.
absl::StatusOr<std::shared_ptr<Supernet>> LoadSupernet(const std::string& directory,
                                                       std::string_view backend);

}  // namespace dynofa::engine

#endif  // DYNOFA_DAEMON_ENGINE_SUPERNET_H_
