#ifndef DYNOFA_TESTS_FUZZ_FUZZ_H_
#define DYNOFA_TESTS_FUZZ_FUZZ_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

// By this name libFuzzer, or mutate_main.cc, hands over one input after another. Returns 0.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace dynofa::tests {

inline std::string_view AsText(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Ends the program as a crash does, whatever the build's assertions are.
inline void Require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "violated: %s\n", what);
  std::abort();
}

}  // namespace dynofa::tests

#endif  // DYNOFA_TESTS_FUZZ_FUZZ_H_
