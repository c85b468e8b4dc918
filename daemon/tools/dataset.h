#ifndef DYNOFA_DAEMON_TOOLS_DATASET_H_
#define DYNOFA_DAEMON_TOOLS_DATASET_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/engine/torch/trainer.h"
#include "daemon/tools/class_folders.h"

namespace dynofa::tools {

/// Images for training in memory.
struct Dataset {
  std::vector<std::string> classes;
  engine::torch_backend::ImageSet images;
};

/// Reads class folders of square images of one size, or, where the folder holds data_batch_*.bin,
/// CIFAR-10 in its original binary format (records of 3073 bytes: label, 1024 R, G and B; class
/// names in batches.meta.txt). Images that cannot be read are skipped as SkippedImages says.
/// INVALID_ARGUMENT names the file that does not fit, or the classes of which nothing is left.
absl::StatusOr<Dataset> ReadDataset(const std::string& directory);

/// Takes `count` images, drawn with `seed`, out of `images`.
engine::torch_backend::ImageSet TakeHoldout(engine::torch_backend::ImageSet& images,
                                            std::size_t count, std::uint64_t seed);

}  // namespace dynofa::tools

#endif  // DYNOFA_DAEMON_TOOLS_DATASET_H_
