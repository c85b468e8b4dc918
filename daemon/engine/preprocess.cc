#include "daemon/engine/preprocess.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"

namespace dynofa::engine {
namespace {

constexpr int kChannels = 3;
// Pillow's fixed point (Resample.c): coefficients carry as many bits as leave room for the eight
// of a sample and for overshoot in 32 bits.
constexpr int kPrecisionBits = 32 - 8 - 2;

// The source samples of one output sample along one axis.
struct Taps {
  int first = 0;
  int count = 0;
};

// Weights for the output samples [offset, offset + count) of one axis.
struct Axis {
  std::vector<Taps> taps;
  std::vector<std::int32_t> weights;  // `stride` for each output sample
  int stride = 0;
};

// A buffer for each thread, so that a request allocates nothing once sizes have settled.
struct Buffers {
  Axis horizontal;
  Axis vertical;
  std::vector<double> weights;
  std::vector<std::uint8_t> rows;
  std::vector<std::uint8_t> crop;
};

Buffers& ThreadBuffers() {
  thread_local Buffers buffers;
  return buffers;
}

// Triangle filter whose support grows with the reduction, as in Pillow's precompute_coeffs.
void ComputeAxis(int source, int target, int offset, int count, std::vector<double>& scratch,
                 Axis& axis) {
  const double scale = static_cast<double>(source) / target;
  const double filter_scale = std::max(scale, 1.0);
  const double support = filter_scale;  // the triangle's own support is 1
  axis.stride = static_cast<int>(std::ceil(support)) * 2 + 1;
  axis.taps.resize(static_cast<std::size_t>(count));
  axis.weights.assign(static_cast<std::size_t>(count) * static_cast<std::size_t>(axis.stride), 0);
  scratch.resize(static_cast<std::size_t>(axis.stride));
  for (int i = 0; i < count; ++i) {
    const double centre = (offset + i + 0.5) * scale;
    const int first = std::max(static_cast<int>(centre - support + 0.5), 0);
    const int last = std::min(static_cast<int>(centre + support + 0.5), source);
    double sum = 0.0;
    for (int x = first; x < last; ++x) {
      const double distance = std::abs((x - centre + 0.5) / filter_scale);
      const double weight = std::max(1.0 - distance, 0.0);
      scratch[static_cast<std::size_t>(x - first)] = weight;
      sum += weight;
    }
    std::int32_t* weights = axis.weights.data() + static_cast<std::ptrdiff_t>(i) * axis.stride;
    for (int x = 0; x < last - first; ++x) {
      const double weight = scratch[static_cast<std::size_t>(x)] / sum;
      weights[x] = static_cast<std::int32_t>(0.5 + weight * (1 << kPrecisionBits));
    }
    axis.taps[static_cast<std::size_t>(i)] = {first, last - first};
  }
}

std::uint8_t Round(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kPrecisionBits, 0, 255));
}

constexpr std::int32_t kHalf = 1 << (kPrecisionBits - 1);

void ResizeRow(const std::uint8_t* row, const Axis& axis, std::uint8_t* out) {
  for (std::size_t x = 0; x < axis.taps.size(); ++x) {
    const Taps taps = axis.taps[x];
    const std::int32_t* weights = axis.weights.data() + x * static_cast<std::size_t>(axis.stride);
    const std::uint8_t* source = row + static_cast<std::ptrdiff_t>(taps.first) * kChannels;
    std::int32_t red = kHalf;
    std::int32_t green = kHalf;
    std::int32_t blue = kHalf;
    for (int t = 0; t < taps.count; ++t, source += kChannels) {
      red += source[0] * weights[t];
      green += source[1] * weights[t];
      blue += source[2] * weights[t];
    }
    out[x * 3] = Round(red);
    out[x * 3 + 1] = Round(green);
    out[x * 3 + 2] = Round(blue);
  }
}

// `rows` starts with source row `first_row`; each row has `width` samples.
void ResizeColumns(const std::uint8_t* rows, int first_row, std::size_t width, const Axis& axis,
                   std::uint8_t* out) {
  for (std::size_t y = 0; y < axis.taps.size(); ++y, out += width) {
    const Taps taps = axis.taps[y];
    const std::int32_t* weights = axis.weights.data() + y * static_cast<std::size_t>(axis.stride);
    const std::uint8_t* source = rows + static_cast<std::size_t>(taps.first - first_row) * width;
    for (std::size_t x = 0; x < width; ++x) {
      std::int32_t sum = kHalf;
      for (int t = 0; t < taps.count; ++t) {
        sum += source[static_cast<std::size_t>(t) * width + x] * weights[t];
      }
      out[x] = Round(sum);
    }
  }
}

// Where a crop of `crop` starts in `size`: the middle, halves rounded to even (as the reference's
// round() does).
int CropOffset(int size, int crop) {
  const int twice = size - crop;
  const int half = twice / 2;
  return twice % 2 == 0 ? half : half + half % 2;
}

struct Geometry {
  int width = 0;  // of the resized image
  int height = 0;
  int left = 0;
  int top = 0;
};

absl::Status OutOfRange(std::string_view what, std::int64_t value, std::int64_t highest) {
  return absl::InvalidArgumentError(
      base::StrCat(what, " is ", value, "; it must lie in [1, ", highest, "]"));
}

absl::StatusOr<Geometry> PlanGeometry(int width, int height, int shorter, int crop) {
  if (width < 1 || width > kMaxImageSide) return OutOfRange("width", width, kMaxImageSide);
  if (height < 1 || height > kMaxImageSide) return OutOfRange("height", height, kMaxImageSide);
  if (shorter < 1 || shorter > kMaxImageSide) {
    return OutOfRange("the shorter side", shorter, kMaxImageSide);
  }
  if (crop < 1 || crop > shorter) return OutOfRange("the crop", crop, shorter);
  const std::int64_t longer =
      std::int64_t{shorter} * std::max(width, height) / std::min(width, height);
  // Bounds the weights too: an image of 8192 x 1 would ask for millions of columns.
  constexpr std::int64_t kMaxResized = 64 * kMaxImageSide;
  if (longer > kMaxResized) {
    return absl::InvalidArgumentError(
        base::StrCat("an image of ", width, " x ", height, " is too elongated"));
  }
  Geometry geometry;
  geometry.width = width <= height ? shorter : static_cast<int>(longer);
  geometry.height = width <= height ? static_cast<int>(longer) : shorter;
  geometry.left = CropOffset(geometry.width, crop);
  geometry.top = CropOffset(geometry.height, crop);
  return geometry;
}

void CopyCrop(const std::uint8_t* image, int width, const Geometry& geometry, int crop,
              std::uint8_t* output) {
  const auto row = static_cast<std::size_t>(crop) * kChannels;
  for (int y = 0; y < crop; ++y) {
    const std::size_t start =
        (static_cast<std::size_t>(geometry.top + y) * static_cast<std::size_t>(width) +
         static_cast<std::size_t>(geometry.left)) *
        kChannels;
    std::copy_n(image + start, row, output + static_cast<std::size_t>(y) * row);
  }
}

}  // namespace

absl::Status ResizeAndCrop(std::span<const std::uint8_t> image, int width, int height, int shorter,
                           int crop, std::span<std::uint8_t> output) {
  DYNOFA_ASSIGN_OR_RETURN(const Geometry geometry, PlanGeometry(width, height, shorter, crop));
  const std::size_t row = static_cast<std::size_t>(width) * kChannels;
  const std::size_t cropped_row = static_cast<std::size_t>(crop) * kChannels;
  if (image.size() != row * static_cast<std::size_t>(height)) {
    return absl::InvalidArgumentError(base::StrCat("an image of ", width, " x ", height, " has ",
                                                   row * height, " bytes, not ", image.size()));
  }
  if (output.size() != cropped_row * static_cast<std::size_t>(crop)) {
    return absl::InvalidArgumentError(base::StrCat("the output has ", output.size(),
                                                   " places; the crop needs ", cropped_row * crop));
  }
  if (geometry.width == width && geometry.height == height) {
    CopyCrop(image.data(), width, geometry, crop, output.data());
    return absl::OkStatus();
  }
  Buffers& buffers = ThreadBuffers();
  ComputeAxis(width, geometry.width, geometry.left, crop, buffers.weights, buffers.horizontal);
  ComputeAxis(height, geometry.height, geometry.top, crop, buffers.weights, buffers.vertical);
  // Only the source rows that the crop looks at, and only its columns.
  const int first_row = buffers.vertical.taps.front().first;
  const Taps last = buffers.vertical.taps.back();
  const int row_count = last.first + last.count - first_row;
  buffers.rows.resize(static_cast<std::size_t>(row_count) * cropped_row);
  for (int y = 0; y < row_count; ++y) {
    ResizeRow(image.data() + static_cast<std::size_t>(first_row + y) * row, buffers.horizontal,
              buffers.rows.data() + static_cast<std::size_t>(y) * cropped_row);
  }
  ResizeColumns(buffers.rows.data(), first_row, cropped_row, buffers.vertical, output.data());
  return absl::OkStatus();
}

}  // namespace dynofa::engine
