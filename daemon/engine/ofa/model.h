#ifndef DYNOFA_DAEMON_ENGINE_OFA_MODEL_H_
#define DYNOFA_DAEMON_ENGINE_OFA_MODEL_H_

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "daemon/engine/ofa/manifest.h"
#include "daemon/engine/ofa/weights.h"
#include "daemon/engine/safetensors.h"

namespace dynofa::engine::ofa {

/// Names of the files of a model directory.
inline constexpr char kManifestFile[] = "model.toml";
inline constexpr char kWeightsFile[] = "weights.safetensors";
inline constexpr char kStatisticsFile[] = "bn.safetensors";

/// The tensors of a supernet by key, and whatever keeps them alive.
struct WeightSet {
  std::map<std::string, std::span<const float>, std::less<>> tensors;
  std::shared_ptr<const void> owner;
};

/// Loads the model directory at `directory`. INVALID_ARGUMENT or NOT_FOUND names file and reason:
/// a file missing or damaged, a tensor missing, too much or of the wrong shape, a value that is no
/// number, statistics of an unknown subnet or layer. FAILED_PRECONDITION if the manifest requires
/// statistics and a subnet has none for one of its layers: then the directory needs calibration.
absl::StatusOr<std::shared_ptr<const OfaModel>> LoadModel(const std::string& directory);

/// INVALID_ARGUMENT names `file` and `key` if the tensor of that key holds something that is no
/// finite number or, as a variance, negative.
absl::Status CheckValues(const std::string& file, const std::string& key,
                         std::span<const float> values);

/// A model from parts in memory: `weights` must have every tensor of the architecture,
/// `statistics` (tensors "<subnet>/<layer>.running_mean" and ".running_var") may be left out.
absl::StatusOr<std::shared_ptr<const OfaModel>> MakeModel(
    const Manifest& manifest, SafetensorsFile weights, std::optional<SafetensorsFile> statistics);

/// As above from checked parts: nothing is looked at but the manifest.
absl::StatusOr<std::shared_ptr<const OfaModel>> MakeModel(
    const Manifest& manifest, WeightSet weights,
    std::map<std::string, SubnetStatistics, std::less<>> statistics, std::string digest);

}  // namespace dynofa::engine::ofa

#endif  // DYNOFA_DAEMON_ENGINE_OFA_MODEL_H_
