#ifndef DYNOFA_DAEMON_ENGINE_CPU_REFERENCE_TESTING_H_
#define DYNOFA_DAEMON_ENGINE_CPU_REFERENCE_TESTING_H_

#include <span>
#include <string_view>
#include <vector>

#include "daemon/engine/ofa/weights.h"

namespace dynofa::engine::cpu {

/// The logits of `subnet` for one NHWC image, layer by layer as once-for-all defines them, in
/// double and without any rearrangement of the arithmetic. REQUIRES: a subnet of the catalogue.
std::vector<double> ReferenceLogits(const ofa::OfaModel& model, std::string_view subnet,
                                    std::span<const float> image);

/// Largest difference of a logit over the largest expected one, as the golden vectors have it.
double Difference(std::span<const float> logits, std::span<const double> expected);

}  // namespace dynofa::engine::cpu

#endif  // DYNOFA_DAEMON_ENGINE_CPU_REFERENCE_TESTING_H_
