#ifndef DYNOFA_DAEMON_TOOLS_PHOTOGRAPHS_H_
#define DYNOFA_DAEMON_TOOLS_PHOTOGRAPHS_H_

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/engine/torch/trainer.h"
#include "daemon/tools/class_folders.h"
#include "daemon/tools/images.h"

namespace dynofa::tools {

/// Photographs of any size, drawn from class folders, for nets that see crops of them. The files
/// are decoded anew for every side, so that only the crops are in memory: 0.3 GB for 2000 of 224
/// pixels.
class PhotographSample {
 public:
  /// Draws `count` files with `seed`, all if there are fewer. Errors as of ListClassFolders().
  static absl::StatusOr<PhotographSample> Draw(const std::string& directory, std::size_t count,
                                               std::uint64_t seed);

  /// A random crop of each, as the published supernets were trained and calibrated on them:
  /// 8 to 100 % of the area, ratio of its sides 3/4 to 4/3, stretched to `side` x `side`;
  /// brightness changed by up to 32/255, saturation by up to a half (torchvision's
  /// RandomResizedCrop and ColorJitter; OFA's preprocessing). The same for every call with the same
  /// side. Images that cannot be read are skipped as SkippedImages says.
  absl::StatusOr<engine::torch_backend::ImageSet> Crops(int side) const;

  std::size_t size() const { return files_.size(); }

 private:
  PhotographSample(std::vector<LabelledFile> files, std::uint64_t seed)
      : files_(std::move(files)), seed_(seed) {}

  std::vector<LabelledFile> files_;
  std::uint64_t seed_;
};

/// A random crop of `image` as above, without the stretch and with its colours.
Image RandomCrop(const Image& image, std::mt19937_64& random);

/// Multiplies the brightness, then moves each pixel from its grey (`saturation` 0) through itself
/// (1) to more colour (above 1). Clamped to bytes after each.
void ChangeColours(float brightness, float saturation, std::vector<std::uint8_t>& pixels);

}  // namespace dynofa::tools

#endif  // DYNOFA_DAEMON_TOOLS_PHOTOGRAPHS_H_
