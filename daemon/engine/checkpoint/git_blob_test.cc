#include "daemon/engine/checkpoint/git_blob.h"

#include <string_view>

#include "tests/support/catch.h"

namespace dynofa::engine::checkpoint {
namespace {

std::string IdOf(std::string_view text) { return *GitBlobId(std::as_bytes(std::span(text))); }

// As `git hash-object` prints them.
TEST_CASE("the id is git's") {
  CHECK(IdOf("") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  CHECK(IdOf("test content\n") == "d670460b4b4aece5915caf5c68d12f560a9fe3e4");
}

}  // namespace
}  // namespace dynofa::engine::checkpoint
