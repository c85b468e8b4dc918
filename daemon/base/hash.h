#ifndef DYNOFA_DAEMON_BASE_HASH_H_
#define DYNOFA_DAEMON_BASE_HASH_H_

#include <cstdint>
#include <string_view>

namespace dynofa::base {

// Functions whose values are the same everywhere and for ever, unlike std::hash: names and random
// numbers are made from them. Whoever wants a collision can have one.

/// FNV-1a (Fowler, Noll, Vo).
constexpr std::uint64_t Fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

/// By what the state of SplitMix64 (Steele, Lea, Flood 2014) grows from number to number.
inline constexpr std::uint64_t kSplitMixStep = 0x9e3779b97f4a7c15;

/// The number that SplitMix64 makes of a state.
constexpr std::uint64_t SplitMix(std::uint64_t state) {
  state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
  state = (state ^ (state >> 27)) * 0x94d049bb133111eb;
  return state ^ (state >> 31);
}

}  // namespace dynofa::base

#endif  // DYNOFA_DAEMON_BASE_HASH_H_
