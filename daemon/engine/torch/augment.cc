#include "daemon/engine/torch/augment.h"

#include <array>
#include <cstdint>

namespace dynofa::engine::torch_backend {
namespace {

// Where the crop of one image starts, relative to the image, and whether it is mirrored.
struct Placement {
  int x = 0;
  int y = 0;
  bool mirrored = false;
};

// One normalised value for each byte value and channel.
using Lookup = std::array<std::array<float, 256>, 3>;

Lookup MakeLookup(const Preprocessing& preprocessing) {
  Lookup lookup{};
  for (std::size_t channel = 0; channel < 3; ++channel) {
    for (std::size_t value = 0; value < 256; ++value) {
      lookup[channel][value] = (static_cast<float>(value) / 255.0f - preprocessing.mean[channel]) /
                               preprocessing.stddev[channel];
    }
  }
  return lookup;
}

// Writes the crop of `image` (HWC) to `output` (HWC); outside of the image stays zero.
void Crop(const std::uint8_t* image, int side, const Placement& place, const Lookup& lookup,
          float* output) {
  for (int y = 0; y < side; ++y) {
    const int source_y = y + place.y;
    if (source_y < 0 || source_y >= side) continue;
    for (int x = 0; x < side; ++x) {
      const int source_x = (place.mirrored ? side - 1 - x : x) + place.x;
      if (source_x < 0 || source_x >= side) continue;
      const std::uint8_t* from = image + (source_y * side + source_x) * 3;
      float* to = output + (y * side + x) * 3;
      for (std::size_t channel = 0; channel < 3; ++channel)
        to[channel] = lookup[channel][from[channel]];
    }
  }
}

template <typename Place>
Batch MakeBatch(const ImageSet& set, std::span<const std::size_t> indices,
                const Preprocessing& preprocessing, int resolution, Place place) {
  const auto count = static_cast<std::int64_t>(indices.size());
  const std::int64_t side = set.side;
  at::Tensor images = at::zeros({count, side, side, 3}, at::kFloat);
  at::Tensor labels = at::empty({count}, at::kLong);
  const Lookup lookup = MakeLookup(preprocessing);
  const auto image_bytes = static_cast<std::size_t>(side * side * 3);
  for (std::size_t i = 0; i < indices.size(); ++i) {
    Crop(set.pixels.data() + indices[i] * image_bytes, set.side, place(), lookup,
         images.data_ptr<float>() + i * image_bytes);
    labels.data_ptr<std::int64_t>()[i] = set.labels[indices[i]];
  }
  images = images.permute({0, 3, 1, 2});
  if (resolution != set.side) {
    images = at::_upsample_bilinear2d_aa(images, {resolution, resolution}, /*align_corners=*/false,
                                         c10::nullopt, c10::nullopt);
  }
  return {images, labels};
}

}  // namespace

Batch AugmentedBatch(const ImageSet& set, std::span<const std::size_t> indices,
                     const Preprocessing& preprocessing, int padding, int resolution,
                     std::mt19937_64& random) {
  std::uniform_int_distribution<int> shift(-padding, padding);
  return MakeBatch(set, indices, preprocessing, resolution, [&]() {
    const int x = shift(random);
    const int y = shift(random);
    return Placement{x, y, random() % 2 == 1};
  });
}

Batch PlainBatch(const ImageSet& set, std::span<const std::size_t> indices,
                 const Preprocessing& preprocessing, int resolution) {
  return MakeBatch(set, indices, preprocessing, resolution, []() { return Placement{}; });
}

}  // namespace dynofa::engine::torch_backend
