#include "daemon/scenario/rules/random.h"

#include <cmath>
#include <numbers>

namespace dynofa::scenario {
namespace {

constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15;

std::uint64_t Mix(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

}  // namespace

Random::Random(std::uint64_t seed, std::uint64_t stream)
    : state_(Mix(seed + kGolden) ^ Mix(Mix(stream) + kGolden)) {}

std::uint64_t Random::Next() { return Mix(state_ += kGolden); }

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
  Random random(seed ^ Mix(index + kGolden), stream);
  return std::exp(std::sqrt(variance) * random.Normal() - variance / 2.0);
}

}  // namespace dynofa::scenario
