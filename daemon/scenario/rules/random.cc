#include "daemon/scenario/rules/random.h"

#include <cmath>
#include <numbers>

#include "daemon/base/hash.h"

namespace dynofa::scenario {

using base::kSplitMixStep;
using base::SplitMix;

Random::Random(std::uint64_t seed, std::uint64_t stream)
    : state_(SplitMix(seed + kSplitMixStep) ^ SplitMix(SplitMix(stream) + kSplitMixStep)) {}

std::uint64_t Random::Next() { return SplitMix(state_ += kSplitMixStep); }

double Random::Uniform() {
  // 53 bits, moved by half a step away from 0 and 1.
  return (static_cast<double>(Next() >> 11) + 0.5) * 0x1p-53;
}

double Random::Exponential() { return -std::log(Uniform()); }

double Random::Normal() {
  const double radius = std::sqrt(-2.0 * std::log(Uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * Uniform());
}

double NoiseFactor(std::uint64_t seed, std::uint64_t stream, std::uint64_t index, double noise) {
  if (noise <= 0.0) return 1.0;
  const double variance = std::log(1.0 + noise * noise);
  Random random(seed ^ SplitMix(index + kSplitMixStep), stream);
  return std::exp(std::sqrt(variance) * random.Normal() - variance / 2.0);
}

}  // namespace dynofa::scenario
