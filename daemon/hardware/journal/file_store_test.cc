#include "daemon/hardware/journal/file_store.h"

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::hardware::journal {
namespace {

TEST_CASE("A text is saved, replaced, loaded by the next process and removed") {
  tests::TempDir dir;
  {
    const auto store = FileStore::Open(dir / "state");
    REQUIRE(store.ok());
    CHECK_FALSE((*store)->Load()->has_value());
    REQUIRE((*store)->Save("one").ok());
    REQUIRE((*store)->Save("two").ok());
  }
  const auto store = FileStore::Open(dir / "state");
  REQUIRE(store.ok());
  CHECK(*(*store)->Load() == "two");
  CHECK((*store)->Remove().ok());
  CHECK((*store)->Remove().ok());
  CHECK_FALSE((*store)->Load()->has_value());
}

TEST_CASE("A folder has one owner at a time") {
  tests::TempDir dir;
  const auto first = FileStore::Open(dir / "state");
  REQUIRE(first.ok());
  CHECK(FileStore::Open(dir / "state").status().code() == absl::StatusCode::kAlreadyExists);
}

TEST_CASE("An unreadable journal is kept under another name") {
  tests::TempDir dir;
  const auto store = FileStore::Open(dir / "state");
  REQUIRE((*store)->Save("garbage").ok());
  const std::string place = (*store)->MoveAside();
  CHECK(tests::ReadFile(place) == "garbage");
  CHECK_FALSE((*store)->Load()->has_value());
}

TEST_CASE("A folder that cannot be made is an error with its name") {
  tests::TempDir dir;
  const auto store = FileStore::Open(dir / "no/such/folder");
  CHECK(store.status().code() == absl::StatusCode::kNotFound);
}

TEST_CASE("A half-written file of a killed process is not the journal") {
  tests::TempDir dir;
  const auto store = FileStore::Open(dir / "state");
  REQUIRE((*store)->Save("whole").ok());
  dir.Write("state/journal.json.new", "ha");
  CHECK(*(*store)->Load() == "whole");
  REQUIRE((*store)->Save("next").ok());
  CHECK(*(*store)->Load() == "next");
}

}  // namespace
}  // namespace dynofa::hardware::journal
