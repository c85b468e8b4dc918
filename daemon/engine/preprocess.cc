#include "daemon/engine/preprocess.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/vectorised.h"

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
  std::vector<std::uint8_t> row;
  std::vector<std::uint8_t> rows;
  std::vector<std::int32_t> sums;
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

constexpr std::int32_t kHalf = 1 << (kPrecisionBits - 1);

// A pixel and the byte after it, as bytes and widened: what one vector instruction takes.
using Bytes4 [[gnu::vector_size(4)]] = std::uint8_t;
using Ints4 [[gnu::vector_size(16)]] = std::int32_t;

// One row; `row` has a readable byte behind its last pixel.
DYNOFA_VECTORISED void ResizeRow(const std::uint8_t* row, const Axis& axis, std::uint8_t* out) {
  const std::size_t count = axis.taps.size();
  for (std::size_t x = 0; x < count; ++x) {
    const Taps taps = axis.taps[x];
    const std::int32_t* weights = axis.weights.data() + x * static_cast<std::size_t>(axis.stride);
    const std::uint8_t* source = row + static_cast<std::ptrdiff_t>(taps.first) * kChannels;
    Ints4 sums = {kHalf, kHalf, kHalf, 0};
    for (int t = 0; t < taps.count; ++t, source += kChannels) {
      Bytes4 pixel;
      std::memcpy(&pixel, source, sizeof(pixel));
      sums += __builtin_convertvector(pixel, Ints4) * weights[t];
    }
    for (int c = 0; c < kChannels; ++c) {
      out[c] = static_cast<std::uint8_t>(std::clamp(sums[c] >> kPrecisionBits, 0, 255));
    }
    out += kChannels;
  }
}

// sums[x] += weight * row[x].
DYNOFA_VECTORISED void AddWeighted(const std::uint8_t* row, std::int32_t weight, std::size_t width,
                                   std::int32_t* sums) {
  for (std::size_t x = 0; x < width; ++x) sums[x] += weight * row[x];
}

DYNOFA_VECTORISED void StoreRounded(const std::int32_t* sums, std::size_t width,
                                    std::uint8_t* out) {
  for (std::size_t x = 0; x < width; ++x) {
    out[x] = static_cast<std::uint8_t>(std::clamp(sums[x] >> kPrecisionBits, 0, 255));
  }
}

// `rows` starts with source row `first_row`; each row has `width` samples. `sums` is scratch.
void ResizeColumns(const std::uint8_t* rows, int first_row, std::size_t width, const Axis& axis,
                   std::vector<std::int32_t>& sums, std::uint8_t* out) {
  for (std::size_t y = 0; y < axis.taps.size(); ++y, out += width) {
    const Taps taps = axis.taps[y];
    const std::int32_t* weights = axis.weights.data() + y * static_cast<std::size_t>(axis.stride);
    const std::uint8_t* source = rows + static_cast<std::size_t>(taps.first - first_row) * width;
    sums.assign(width, kHalf);
    for (int t = 0; t < taps.count; ++t, source += width) {
      AddWeighted(source, weights[t], width, sums.data());
    }
    StoreRounded(sums.data(), width, out);
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

absl::Status CheckSides(int width, int height) {
  if (width < 1 || width > kMaxImageSide) return OutOfRange("width", width, kMaxImageSide);
  if (height < 1 || height > kMaxImageSide) return OutOfRange("height", height, kMaxImageSide);
  return absl::OkStatus();
}

absl::StatusOr<Geometry> PlanGeometry(int width, int height, int shorter, int crop) {
  DYNOFA_RETURN_IF_ERROR(CheckSides(width, height));
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

// Resizes and crops to `crop` x `crop` as `geometry` says.
absl::Status Resample(std::span<const std::uint8_t> image, int width, int height,
                      const Geometry& geometry, int crop, std::span<std::uint8_t> output) {
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
  buffers.row.resize(row + 1);
  for (std::size_t y = 0; y < static_cast<std::size_t>(row_count); ++y) {
    std::copy_n(image.data() + (static_cast<std::size_t>(first_row) + y) * row, row,
                buffers.row.data());
    ResizeRow(buffers.row.data(), buffers.horizontal, buffers.rows.data() + y * cropped_row);
  }
  ResizeColumns(buffers.rows.data(), first_row, cropped_row, buffers.vertical, buffers.sums,
                output.data());
  return absl::OkStatus();
}

}  // namespace

absl::Status ResizeAndCrop(std::span<const std::uint8_t> image, int width, int height, int shorter,
                           int crop, std::span<std::uint8_t> output) {
  DYNOFA_ASSIGN_OR_RETURN(const Geometry geometry, PlanGeometry(width, height, shorter, crop));
  return Resample(image, width, height, geometry, crop, output);
}

absl::Status Stretch(std::span<const std::uint8_t> image, int width, int height, int side,
                     std::span<std::uint8_t> output) {
  DYNOFA_RETURN_IF_ERROR(CheckSides(width, height));
  if (side < 1 || side > kMaxImageSide) return OutOfRange("the side", side, kMaxImageSide);
  return Resample(image, width, height, {.width = side, .height = side}, side, output);
}

}  // namespace dynofa::engine
