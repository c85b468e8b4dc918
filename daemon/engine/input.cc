#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/preprocess.h"
#include "daemon/engine/resample.h"

namespace dynofa::engine {
namespace {

constexpr std::int64_t kChannels = 3;

std::string ShapeText(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += base::StrCat(i == 0 ? "" : ",", shape[i]);
  }
  return text + "]";
}

absl::Status Refuse(const Tensor& input, std::string_view expected) {
  return absl::InvalidArgumentError(base::StrCat("input ", input.name, " has the shape ",
                                                 ShapeText(input.shape), "; expected ", expected));
}

// The shape without a leading batch of one: three extents, or none if there are more or fewer.
std::span<const std::int64_t> WithoutBatch(const Tensor& input) {
  std::span<const std::int64_t> shape = input.shape;
  if (shape.size() == 4 && shape[0] == 1) shape = shape.subspan(1);
  return shape.size() == 3 ? shape : std::span<const std::int64_t>();
}

absl::Status CheckBytes(const Tensor& input, std::int64_t elements) {
  const std::size_t expected = static_cast<std::size_t>(elements) * ElementSize(input.type);
  if (input.bytes.size() == expected) return absl::OkStatus();
  return absl::InvalidArgumentError(base::StrCat("input ", input.name, " has ", input.bytes.size(),
                                                 " bytes; its shape ", ShapeText(input.shape),
                                                 " needs ", expected));
}

absl::Status CheckImage(const Tensor& input) {
  const std::span<const std::int64_t> shape = WithoutBatch(input);
  if (shape.empty() || shape[2] != kChannels || shape[0] < 1 || shape[1] < 1 ||
      shape[0] > kMaxImageSide || shape[1] > kMaxImageSide) {
    return Refuse(input, base::StrCat("UINT8 [1,height,width,3] with sides of 1 to ", kMaxImageSide,
                                      " pixels"));
  }
  return CheckBytes(input, shape[0] * shape[1] * kChannels);
}

absl::Status CheckPlanes(const Tensor& input, std::span<const int> accepted_resolutions) {
  const std::span<const std::int64_t> shape = WithoutBatch(input);
  const auto accepted = [&](std::int64_t side) {
    return std::find(accepted_resolutions.begin(), accepted_resolutions.end(), side) !=
           accepted_resolutions.end();
  };
  if (shape.empty() || shape[0] != kChannels || shape[1] != shape[2] || !accepted(shape[1])) {
    std::string sides;
    for (int side : accepted_resolutions) sides += base::StrCat(sides.empty() ? "" : ", ", side);
    return Refuse(input, base::StrCat("FP32 [1,3,r,r] with r one of ", sides));
  }
  return CheckBytes(input, kChannels * shape[1] * shape[2]);
}

// The value of each byte after normalisation.
using Levels = std::array<float, 256>;

Levels NormalisedLevels(float mean, float stddev) {
  Levels levels;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    levels[i] = (static_cast<float>(i) / 255.0f - mean) / stddev;
  }
  return levels;
}

void Normalise(std::span<const std::uint8_t> pixels, const Preprocessing& preprocessing,
               std::span<float> output) {
  std::array<Levels, kChannels> levels;
  for (std::size_t c = 0; c < levels.size(); ++c) {
    levels[c] = NormalisedLevels(preprocessing.mean[c], preprocessing.stddev[c]);
  }
  for (std::size_t i = 0; i < output.size(); i += levels.size()) {
    for (std::size_t c = 0; c < levels.size(); ++c) output[i + c] = levels[c][pixels[i + c]];
  }
}

absl::Status FromImage(const Tensor& input, const Preprocessing& preprocessing, int resolution,
                       std::span<float> output) {
  DYNOFA_RETURN_IF_ERROR(CheckImage(input));
  const std::span<const std::int64_t> shape = WithoutBatch(input);
  const double shorter = std::ceil(resolution / preprocessing.crop_ratio);
  if (!(shorter >= resolution && shorter <= kMaxImageSide)) {
    return absl::InvalidArgumentError(base::StrCat("the crop ratio ", preprocessing.crop_ratio,
                                                   " does not fit resolution ", resolution));
  }
  // Kept by the thread, so that a request allocates nothing once sizes have settled.
  thread_local std::vector<std::uint8_t> pixels;
  pixels.resize(output.size());
  const std::span<const std::uint8_t> image(input.data<std::uint8_t>(), input.bytes.size());
  DYNOFA_RETURN_IF_ERROR(ResizeAndCrop(image, static_cast<int>(shape[1]),
                                       static_cast<int>(shape[0]), static_cast<int>(shorter),
                                       resolution, pixels));
  Normalise(pixels, preprocessing, output);
  return absl::OkStatus();
}

absl::Status FromPlanes(const Tensor& input, int resolution, std::span<float> output) {
  const std::span<const std::int64_t> shape = WithoutBatch(input);
  const int side = shape.empty() || shape[1] < 1 || shape[1] > kMaxImageSide
                       ? resolution
                       : static_cast<int>(shape[1]);
  DYNOFA_RETURN_IF_ERROR(CheckPlanes(input, std::span(&side, 1)));
  const std::span<const float> values(input.data<float>(),
                                      static_cast<std::size_t>(input.elements()));
  const bool finite =
      std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
  if (!finite) {
    return absl::InvalidArgumentError(
        base::StrCat("input ", input.name, " contains a NaN or an infinity"));
  }
  const std::size_t plane = values.size() / kChannels;
  for (std::size_t c = 0; c < kChannels; ++c) {
    if (side != resolution) {
      ResamplePlane(values.subspan(c * plane, plane), side, resolution, kChannels, &output[c]);
      continue;
    }
    for (std::size_t i = 0; i < plane; ++i) output[i * kChannels + c] = values[c * plane + i];
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status MakeInput(const Tensor& input, const Preprocessing& preprocessing, int resolution,
                       std::span<float> output) {
  if (resolution < 1 || resolution > kMaxImageSide) {
    return absl::InvalidArgumentError(base::StrCat("no subnet has the resolution ", resolution));
  }
  const auto side = static_cast<std::size_t>(resolution);
  if (output.size() != side * side * kChannels) {
    return absl::InvalidArgumentError(base::StrCat("the output has ", output.size(),
                                                   " places; resolution ", resolution, " needs ",
                                                   side * side * kChannels));
  }
  switch (input.type) {
    case DataType::kUint8:
      return FromImage(input, preprocessing, resolution, output);
    case DataType::kFloat32:
      return FromPlanes(input, resolution, output);
    case DataType::kInt64:
      break;
  }
  return absl::InvalidArgumentError(base::StrCat("input ", input.name, " must be UINT8 or FP32"));
}

absl::Status CheckInput(const Tensor& input, std::span<const int> accepted_resolutions) {
  switch (input.type) {
    case DataType::kUint8:
      return CheckImage(input);
    case DataType::kFloat32:
      return CheckPlanes(input, accepted_resolutions);
    case DataType::kInt64:
      break;
  }
  return absl::InvalidArgumentError(base::StrCat("input ", input.name, " must be UINT8 or FP32"));
}

}  // namespace dynofa::engine
