#include "daemon/engine/resample.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace dynofa::engine {
namespace {

// The source samples of each output sample along one axis, with weights that sum to 1.
struct Axis {
  struct Taps {
    int first = 0;
    std::size_t weight = 0;  // of the first one, in `weights`
    int count = 0;
  };
  std::vector<Taps> taps;
  std::vector<float> weights;
};

void ComputeAxis(int source, int target, Axis& axis) {
  const double scale = static_cast<double>(source) / target;
  const double support = std::max(scale, 1.0);
  axis.taps.clear();
  axis.weights.clear();
  for (int i = 0; i < target; ++i) {
    const double centre = (i + 0.5) * scale;
    const int first = std::max(static_cast<int>(centre - support + 0.5), 0);
    const int last = std::min(static_cast<int>(centre + support + 0.5), source);
    const std::size_t begin = axis.weights.size();
    float sum = 0.0f;
    for (int x = first; x < last; ++x) {
      const double distance = std::abs((x - centre + 0.5) / support);
      axis.weights.push_back(static_cast<float>(std::max(1.0 - distance, 0.0)));
      sum += axis.weights.back();
    }
    for (std::size_t w = begin; w < axis.weights.size(); ++w) axis.weights[w] /= sum;
    axis.taps.push_back({first, begin, last - first});
  }
}

// One output sample: `step` elements lie between neighbours along the axis.
float Gather(const float* source, std::ptrdiff_t step, const Axis& axis, std::size_t place) {
  const Axis::Taps& taps = axis.taps[place];
  float sum = 0.0f;
  for (int t = 0; t < taps.count; ++t) {
    sum +=
        axis.weights[taps.weight + static_cast<std::size_t>(t)] * source[(taps.first + t) * step];
  }
  return sum;
}

}  // namespace

void ResamplePlane(std::span<const float> plane, int side, int target, int stride, float* output) {
  thread_local Axis axis;
  thread_local std::vector<float> narrow;  // side rows of target samples
  ComputeAxis(side, target, axis);
  const auto rows = static_cast<std::size_t>(side);
  const auto columns = static_cast<std::size_t>(target);
  narrow.resize(rows * columns);
  for (std::size_t y = 0; y < rows; ++y) {
    const float* row = plane.data() + y * rows;
    for (std::size_t x = 0; x < columns; ++x) narrow[y * columns + x] = Gather(row, 1, axis, x);
  }
  for (std::size_t y = 0; y < columns; ++y) {
    for (std::size_t x = 0; x < columns; ++x) {
      output[(y * columns + x) * static_cast<std::size_t>(stride)] =
          Gather(narrow.data() + x, target, axis, y);
    }
  }
}

}  // namespace dynofa::engine
