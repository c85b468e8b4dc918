#include "daemon/tools/photographs.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "daemon/base/status.h"
#include "daemon/engine/preprocess.h"
#include "daemon/tools/skipped_images.h"

namespace dynofa::tools {
namespace {

using engine::torch_backend::ImageSet;

constexpr double kSmallestShare = 0.08;
constexpr double kWidestRatio = 4.0 / 3.0;
constexpr int kAttempts = 10;
constexpr float kBrightness = 32.0f / 255.0f;
constexpr float kSaturation = 0.5f;

struct Box {
  int left = 0;
  int top = 0;
  int width = 0;
  int height = 0;
};

// The largest box in the middle whose ratio is allowed.
Box MiddleBox(int width, int height) {
  const int widest = static_cast<int>(std::lround(height * kWidestRatio));
  const int highest = static_cast<int>(std::lround(width * kWidestRatio));
  Box box{0, 0, std::clamp(widest, 1, width), std::clamp(highest, 1, height)};
  box.left = (width - box.width) / 2;
  box.top = (height - box.height) / 2;
  return box;
}

// Boxes that do not fit the image are drawn again, a few times.
Box DrawBox(int width, int height, std::mt19937_64& random) {
  std::uniform_real_distribution<double> share(kSmallestShare, 1.0);
  std::uniform_real_distribution<double> log_ratio(-std::log(kWidestRatio), std::log(kWidestRatio));
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const double area = share(random) * width * height;
    const double ratio = std::exp(log_ratio(random));
    Box box;
    box.width = static_cast<int>(std::lround(std::sqrt(area * ratio)));
    box.height = static_cast<int>(std::lround(std::sqrt(area / ratio)));
    if (box.width < 1 || box.height < 1 || box.width > width || box.height > height) continue;
    box.left = std::uniform_int_distribution<int>(0, width - box.width)(random);
    box.top = std::uniform_int_distribution<int>(0, height - box.height)(random);
    return box;
  }
  return MiddleBox(width, height);
}

std::uint8_t ToByte(float value) {
  return static_cast<std::uint8_t>(std::clamp(value, 0.0f, 255.0f));
}

// Appends the crop of one file, or says why it cannot be read.
absl::Status AppendCrop(const LabelledFile& file, std::mt19937_64& random, ImageSet& set) {
  DYNOFA_ASSIGN_OR_RETURN(const Image image, ReadImage(file.path));
  const Image crop = RandomCrop(image, random);
  const std::size_t bytes = static_cast<std::size_t>(set.side) * set.side * 3;
  std::vector<std::uint8_t> pixels(bytes);
  DYNOFA_RETURN_IF_ERROR(engine::Stretch(crop.pixels, crop.width, crop.height, set.side, pixels));
  std::uniform_real_distribution<float> brightness(1 - kBrightness, 1 + kBrightness);
  std::uniform_real_distribution<float> saturation(1 - kSaturation, 1 + kSaturation);
  const float brighter = brightness(random);
  ChangeColours(brighter, saturation(random), pixels);
  set.pixels.insert(set.pixels.end(), pixels.begin(), pixels.end());
  set.labels.push_back(file.label);
  return absl::OkStatus();
}

}  // namespace

Image RandomCrop(const Image& image, std::mt19937_64& random) {
  const Box box = DrawBox(image.width, image.height, random);
  Image crop{box.width, box.height, {}};
  const std::size_t row = static_cast<std::size_t>(box.width) * 3;
  for (int y = 0; y < box.height; ++y) {
    const std::size_t start =
        (static_cast<std::size_t>(box.top + y) * static_cast<std::size_t>(image.width) +
         static_cast<std::size_t>(box.left)) *
        3;
    const auto pixels = std::span(image.pixels).subspan(start, row);
    crop.pixels.insert(crop.pixels.end(), pixels.begin(), pixels.end());
  }
  return crop;
}

void ChangeColours(float brightness, float saturation, std::vector<std::uint8_t>& pixels) {
  for (std::size_t i = 0; i + 2 < pixels.size(); i += 3) {
    for (std::size_t c = 0; c < 3; ++c) {
      pixels[i + c] = ToByte(brightness * static_cast<float>(pixels[i + c]));
    }
    // Luma of ITU-R 601-2, as Pillow's.
    const float grey = 0.299f * static_cast<float>(pixels[i]) +
                       0.587f * static_cast<float>(pixels[i + 1]) +
                       0.114f * static_cast<float>(pixels[i + 2]);
    for (std::size_t c = 0; c < 3; ++c) {
      pixels[i + c] = ToByte(grey + saturation * (static_cast<float>(pixels[i + c]) - grey));
    }
  }
}

absl::StatusOr<PhotographSample> PhotographSample::Draw(const std::string& directory,
                                                        std::size_t count, std::uint64_t seed) {
  DYNOFA_ASSIGN_OR_RETURN(ClassFolders folders, ListClassFolders(directory));
  std::mt19937_64 random(seed);
  std::shuffle(folders.files.begin(), folders.files.end(), random);
  folders.files.resize(std::min(folders.files.size(), count));
  return PhotographSample(std::move(folders.files), seed);
}

absl::StatusOr<ImageSet> PhotographSample::Crops(int side) const {
  std::mt19937_64 random(seed_);
  ImageSet set{.side = side};
  SkippedImages skipped;
  for (const LabelledFile& file : files_) {
    const absl::Status status = AppendCrop(file, random, set);
    if (!status.ok()) DYNOFA_RETURN_IF_ERROR(skipped.Add(status));
  }
  DYNOFA_RETURN_IF_ERROR(skipped.Finish(files_.size()));
  return set;
}

}  // namespace dynofa::tools
