#include "daemon/engine/profile_store.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "daemon/base/strings.h"
#include "daemon/engine/profile_testing.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::engine {
namespace {

struct Fixture {
  tests::TempDir dir;
  std::string folder = dir.path() / "state/profiles";
  ProfileStore store{folder};
  Profile profile = TestProfile();
  std::string path = *store.PathOf(profile.key);

  void Write(const std::string& text) const { std::ofstream(path, std::ios::binary) << text; }
  std::size_t Files() const {
    const std::filesystem::directory_iterator files(folder);
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
  }
};

TEST_CASE("A profile is found again by its key, and by no other one") {
  Fixture f;
  CHECK(f.store.Load(f.profile.key).status().code() == absl::StatusCode::kNotFound);
  REQUIRE(f.store.Save(f.profile).ok());
  const auto loaded = f.store.Load(f.profile.key);
  REQUIRE(loaded.ok());
  CHECK(*loaded == f.profile);
  ProfileKey other = f.profile.key;
  other.emulated_board = "jetson-xavier-nx";
  CHECK(f.store.Load(other).status().code() == absl::StatusCode::kNotFound);
}

TEST_CASE("Saving replaces the file as a whole and leaves nothing else behind") {
  Fixture f;
  REQUIRE(f.store.Save(f.profile).ok());
  f.profile.entries.clear();
  REQUIRE(f.store.Save(f.profile).ok());
  CHECK(f.store.Load(f.profile.key)->entries.empty());
  CHECK(f.Files() == 1);
}

TEST_CASE("A damaged file is moved aside with its contents, and the others stay") {
  Fixture f;
  REQUIRE(f.store.Save(f.profile).ok());
  Profile neighbour = f.profile;
  neighbour.key.weights = "another model";
  REQUIRE(f.store.Save(neighbour).ok());
  const std::string cut = tests::ReadFile(f.path).substr(0, 200);
  f.Write(cut);

  const auto loaded = f.store.Load(f.profile.key);
  CHECK(loaded.status().code() == absl::StatusCode::kDataLoss);
  const std::string message(base::FromAbsl(loaded.status().message()));
  CHECK(message.find(f.path + ".damaged") != std::string::npos);
  CHECK(tests::ReadFile(f.path + ".damaged") == cut);
  CHECK(f.store.Load(f.profile.key).status().code() == absl::StatusCode::kNotFound);
  CHECK(f.store.Load(neighbour.key).ok());
  CHECK(f.store.Save(f.profile).ok());
  CHECK(f.store.Load(f.profile.key).ok());
}

TEST_CASE("A file that holds another key's profile is not used") {
  Fixture f;
  Profile other = f.profile;
  other.key.board = "another board";
  REQUIRE(f.store.Save(other).ok());
  std::filesystem::rename(*f.store.PathOf(other.key), f.path);
  const auto loaded = f.store.Load(f.profile.key);
  CHECK(loaded.status().code() == absl::StatusCode::kDataLoss);
  CHECK(std::filesystem::exists(f.path + ".damaged"));
}

TEST_CASE("A folder that cannot be made is named") {
  Fixture f;
  f.dir.Write("state", "a file");
  const absl::Status status = f.store.Save(f.profile);
  REQUIRE_FALSE(status.ok());
  CHECK(std::string(base::FromAbsl(status.message())).find(f.folder) != std::string::npos);
}

}  // namespace
}  // namespace dynofa::engine
