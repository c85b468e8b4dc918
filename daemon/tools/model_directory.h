#ifndef DYNOFA_DAEMON_TOOLS_MODEL_DIRECTORY_H_
#define DYNOFA_DAEMON_TOOLS_MODEL_DIRECTORY_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/engine/ofa/manifest.h"
#include "daemon/engine/ofa/weights.h"
#include "daemon/engine/torch/calibration.h"

namespace dynofa::tools {

/// Reads model.toml of a model directory.
absl::StatusOr<engine::ofa::Manifest> ReadModelManifest(const std::string& directory);

/// Replaces model.toml.
absl::Status WriteModelManifest(const std::string& directory,
                                const engine::ofa::Manifest& manifest);

/// The model of `manifest` with the directory's weights and without statistics.
absl::StatusOr<std::shared_ptr<const engine::ofa::OfaModel>> LoadUncalibrated(
    const std::string& directory, const engine::ofa::Manifest& manifest);

/// Calibrates every subnet of `manifest` on training images and replaces bn.safetensors. Prints
/// a line per subnet, and the memory that the statistics add to the weights.
absl::Status CalibrateModel(const std::string& directory, const engine::ofa::Manifest& manifest,
                            const engine::torch_backend::ImageSet& images,
                            const engine::torch_backend::CalibrationOptions& options);

/// Gives the images to calibrate a subnet of that resolution on; they stay until the next call.
using ImageSource =
    std::function<absl::StatusOr<const engine::torch_backend::ImageSet*>(int resolution)>;

/// As above, on images that depend on the resolution.
absl::Status CalibrateModel(const std::string& directory, const engine::ofa::Manifest& manifest,
                            const ImageSource& source,
                            const engine::torch_backend::CalibrationOptions& options);

/// Takes the statistics of subnets that `manifest` does not name out of bn.safetensors, and
/// replaces model.toml.
absl::Status KeepSubnets(const std::string& directory, const engine::ofa::Manifest& manifest);

}  // namespace dynofa::tools

#endif  // DYNOFA_DAEMON_TOOLS_MODEL_DIRECTORY_H_
