#ifndef DYNOFA_DAEMON_ENGINE_PREPROCESS_H_
#define DYNOFA_DAEMON_ENGINE_PREPROCESS_H_

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "daemon/engine/catalogue.h"
#include "daemon/engine/tensor.h"

namespace dynofa::engine {

/// Largest side of an image that is accepted, pixels.
inline constexpr std::int64_t kMaxImageSide = 8192;

/// Resizes so that the shorter side becomes `shorter` (the longer one is truncated to whole
/// pixels), with Pillow's antialiased bilinear filter in fixed point, and crops `crop` x `crop`
/// from the centre (offsets rounded half to even). `image` is RGB, HWC; `output` has
/// crop * crop * 3 places. A square image whose shorter side equals `shorter` is only cropped.
/// INVALID_ARGUMENT for sizes out of range.
absl::Status ResizeAndCrop(std::span<const std::uint8_t> image, int width, int height, int shorter,
                           int crop, std::span<std::uint8_t> output);

/// Resizes to `side` x `side` with the same filter; what is not square is stretched. Otherwise as
/// above.
absl::Status Stretch(std::span<const std::uint8_t> image, int width, int height, int side,
                     std::span<std::uint8_t> output);

/// Makes the FP32 NHWC input of a subnet of `resolution` from what a client sent:
/// UINT8 [1,h,w,3] or [h,w,3] of any size (resized once, from the original), or FP32
/// [1,3,s,s] / [3,s,s] NCHW, already normalised (transposed; resampled if s is not `resolution`,
/// because the level that runs it is chosen per request). `output` has
/// resolution * resolution * 3 places. INVALID_ARGUMENT says what is wrong; NaN and infinities
/// are refused.
absl::Status MakeInput(const Tensor& input, const Preprocessing& preprocessing, int resolution,
                       std::span<float> output);

/// Checks type and shape as MakeInput does, without doing the work (for admission).
/// `accepted_resolutions` are the sides that FP32 may have.
absl::Status CheckInput(const Tensor& input, std::span<const int> accepted_resolutions);

}  // namespace dynofa::engine

#endif  // DYNOFA_DAEMON_ENGINE_PREPROCESS_H_
