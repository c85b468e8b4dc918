#ifndef DYNOFA_DAEMON_TOOLS_DATASET_H_
#define DYNOFA_DAEMON_TOOLS_DATASET_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/engine/torch/trainer.h"

namespace dynofa::tools {

struct LabelledFile {
  std::string path;
  std::int64_t label = 0;  ///< index into ClassFolders::classes
};

/// A folder of class folders of images: DIR/<class>/*.jpg, .jpeg, .png.
struct ClassFolders {
  std::vector<std::string> classes;  ///< names of the folders, sorted
  std::vector<LabelledFile> files;   ///< sorted by class, then by name
};

/// NOT_FOUND if there is no folder of that name, INVALID_ARGUMENT if it holds no images.
absl::StatusOr<ClassFolders> ListClassFolders(const std::string& directory);

/// Images for training in memory.
struct Dataset {
  std::vector<std::string> classes;
  engine::torch_backend::ImageSet images;
};

/// Reads class folders of square images of one size, or, where the folder holds data_batch_*.bin,
/// CIFAR-10 in its original binary format (records of 3073 bytes: label, 1024 R, G and B; class
/// names in batches.meta.txt). INVALID_ARGUMENT names the file that does not fit.
absl::StatusOr<Dataset> ReadDataset(const std::string& directory);

/// Takes `count` images, drawn with `seed`, out of `images`.
engine::torch_backend::ImageSet TakeHoldout(engine::torch_backend::ImageSet& images,
                                            std::size_t count, std::uint64_t seed);

}  // namespace dynofa::tools

#endif  // DYNOFA_DAEMON_TOOLS_DATASET_H_
