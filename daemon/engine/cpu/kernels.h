#ifndef DYNOFA_DAEMON_ENGINE_CPU_KERNELS_H_
#define DYNOFA_DAEMON_ENGINE_CPU_KERNELS_H_

#include <cstdint>

namespace dynofa::engine::cpu {

// The parts of a net that are bound by memory and for which oneDNN would want a copy or a pass of
// its own. FP32, NHWC; no alignment is needed; no buffers overlap. Each uses `threads` OpenMP
// threads of the caller's team and allocates nothing.

/// out[r] = bias[r] + sum over c < columns of weights[r * stride + c] * x[c], for r < rows. With
/// `stride` above `columns` this reads a prefix of a wider matrix. `bias` may be null.
void MatrixVector(const float* weights, std::int64_t rows, std::int64_t columns,
                  std::int64_t stride, const float* x, const float* bias, float* out, int threads);

/// means[c] = mean over the `pixels` of data[pixel * channels + c].
void ChannelMeans(const float* data, std::int64_t pixels, std::int64_t channels, float* means,
                  int threads);

/// data[pixel * channels + c] *= scale[c].
void ScaleChannels(float* data, std::int64_t pixels, std::int64_t channels, const float* scale,
                   int threads);

/// In place on `count` values: max(x, 0); x * relu6(x + 3) / 6; relu6(x + 3) / 6.
void Relu(float* values, std::int64_t count);
void HSwish(float* values, std::int64_t count);
void HSigmoid(float* values, std::int64_t count);

}  // namespace dynofa::engine::cpu

#endif  // DYNOFA_DAEMON_ENGINE_CPU_KERNELS_H_
