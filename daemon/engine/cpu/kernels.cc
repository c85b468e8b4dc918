#include "daemon/engine/cpu/kernels.h"

#include <algorithm>

#include "daemon/engine/vectorised.h"

namespace dynofa::engine::cpu {
namespace {

// Sums are kept in this many independent lanes, which is what lets the compiler vectorise them.
constexpr int kLanes = 32;
// Channels are split between threads at cache line boundaries.
constexpr std::int64_t kChannelGrain = 16;

DYNOFA_VECTORISED float Dot(const float* a, const float* b, std::int64_t count) {
  float sums[kLanes] = {};
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  }
  float tail = 0.0f;
  for (; i < count; ++i) tail += a[i] * b[i];
  for (int half = kLanes / 2; half > 0; half /= 2) {
    for (int lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
  }
  return sums[0] + tail;
}

DYNOFA_VECTORISED void AddRow(const float* row, std::int64_t count, float* sums) {
  for (std::int64_t c = 0; c < count; ++c) sums[c] += row[c];
}

DYNOFA_VECTORISED void MultiplyRow(float* row, std::int64_t count, const float* factors) {
  for (std::int64_t c = 0; c < count; ++c) row[c] *= factors[c];
}

// The channels [first, last) that part `part` of `parts` has.
struct ChannelRange {
  ChannelRange(std::int64_t channels, int part, int parts) {
    const std::int64_t grains = (channels + kChannelGrain - 1) / kChannelGrain;
    first = std::min(channels, grains * part / parts * kChannelGrain);
    last = std::min(channels, grains * (part + 1) / parts * kChannelGrain);
  }
  std::int64_t first;
  std::int64_t last;
};

void MeansOf(const float* data, std::int64_t pixels, std::int64_t channels, ChannelRange range,
             float* means) {
  const std::int64_t count = range.last - range.first;
  float* sums = means + range.first;
  std::fill_n(sums, count, 0.0f);
  for (std::int64_t p = 0; p < pixels; ++p) {
    AddRow(data + p * channels + range.first, count, sums);
  }
  for (std::int64_t c = 0; c < count; ++c) sums[c] /= static_cast<float>(pixels);
}

float Relu6(float x) { return std::min(std::max(x, 0.0f), 6.0f); }

}  // namespace

void MatrixVector(const float* weights, std::int64_t rows, std::int64_t columns,
                  std::int64_t stride, const float* x, const float* bias, float* out, int threads) {
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static)
  for (std::int64_t r = 0; r < rows; ++r) {
    out[r] = Dot(weights + r * stride, x, columns) + (bias == nullptr ? 0.0f : bias[r]);
  }
}

void ChannelMeans(const float* data, std::int64_t pixels, std::int64_t channels, float* means,
                  int threads) {
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static)
  for (int part = 0; part < threads; ++part) {
    MeansOf(data, pixels, channels, ChannelRange(channels, part, threads), means);
  }
}

void ScaleChannels(float* data, std::int64_t pixels, std::int64_t channels, const float* scale,
                   int threads) {
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static)
  for (std::int64_t p = 0; p < pixels; ++p) MultiplyRow(data + p * channels, channels, scale);
}

void Relu(float* values, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) values[i] = std::max(values[i], 0.0f);
}

void HSwish(float* values, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) values[i] *= Relu6(values[i] + 3.0f) / 6.0f;
}

void HSigmoid(float* values, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) values[i] = Relu6(values[i] + 3.0f) / 6.0f;
}

}  // namespace dynofa::engine::cpu
