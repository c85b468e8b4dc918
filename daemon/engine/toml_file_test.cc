#include "daemon/engine/toml_file.h"

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::engine {
namespace {

TEST_CASE("a TOML file is read, and one that is not there or no TOML is refused by its path") {
  const tests::TempDir folder;
  const std::string path = folder / "a.toml";
  CHECK(absl::IsNotFound(ReadTomlFile(path).status()));
  folder.Write("a.toml", "x = 1\n");
  CHECK(*ReadTomlFile(path)->Int("x", 0, 1) == 1);
  folder.Write("a.toml", "x = 1\nx = 2\n");
  CHECK(ReadTomlFile(path).status().message().find(path + ":2: ") == 0);
}

}  // namespace
}  // namespace dynofa::engine
