#include "daemon/engine/sha256.h"

#include <array>
#include <string_view>

#include "tests/support/catch.h"

namespace dynofa::engine {
namespace {

TEST_CASE("the digest is that of FIPS 180-4, however the text is cut") {
  constexpr std::string_view kA = "a", kBc = "bc";
  const std::array parts = {std::as_bytes(std::span(kA)), std::as_bytes(std::span(kBc))};
  CHECK(*Sha256Hex(parts) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(*Sha256Hex({}) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace dynofa::engine
