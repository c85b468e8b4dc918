#ifndef DYNOFA_DAEMON_ENGINE_RESAMPLE_H_
#define DYNOFA_DAEMON_ENGINE_RESAMPLE_H_

#include <span>

namespace dynofa::engine {

/// Resamples one plane of `side` x `side` floats to `target` x `target`, bilinear and antialiased
/// when it shrinks (the triangle filter of ResizeAndCrop, in floating point). Element (y, x) of
/// the result goes to output[(y * target + x) * stride]. Allocates nothing once sizes have
/// settled; safe from several threads.
void ResamplePlane(std::span<const float> plane, int side, int target, int stride, float* output);

}  // namespace dynofa::engine

#endif  // DYNOFA_DAEMON_ENGINE_RESAMPLE_H_
