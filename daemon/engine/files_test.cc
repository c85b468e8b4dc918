#include "daemon/engine/files.h"

#include <sys/stat.h>

#include <array>
#include <cstring>
#include <string_view>

#include "tests/support/catch.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/temp_dir.h"

namespace dynofa::engine {
namespace {

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

TEST_CASE("a file is replaced as a whole and read as a whole") {
  const tests::TempDir folder;
  folder.Write("a", "old");
  const std::array<std::span<const std::byte>, 2> parts = {Bytes("new "), Bytes("text")};
  REQUIRE(WriteWholeFile(folder / "a", parts).ok());
  CHECK(tests::ReadFile(folder / "a") == "new text");
  const auto contents = *ReadWholeFile(folder / "a", 8);
  CHECK(std::memcmp(contents.data(), "new text", 8) == 0);
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    CHECK(entry.path().filename() == "a");  // no temporary file is left
  }
}

TEST_CASE("the old file survives a disk that fills up while the new one is written") {
  const tests::TempDir folder;
  folder.Write("a", "old");
  const std::vector<std::byte> half(600);
  const std::array<std::span<const std::byte>, 2> parts = {half, half};
  {
    const tests::FileSizeLimit limit(1000);
    const absl::Status status = WriteWholeFile(folder / "a", parts);
    CHECK(absl::IsResourceExhausted(status));
    CHECK(status.message().find(folder / "a") != absl::string_view::npos);
  }
  const std::map<std::string, std::string> left = {{"a", "old"}};
  CHECK(tests::ReadTree(folder.path()) == left);  // nor is a temporary file left
  CHECK(WriteWholeFile(folder / "a", parts).ok());
}

TEST_CASE("what is no file, too large or not there is refused") {
  const tests::TempDir folder;
  folder.Write("a", "123456789");
  CHECK(absl::IsInvalidArgument(ReadWholeFile(folder / "a", 8).status()));
  CHECK(absl::IsNotFound(ReadWholeFile(folder / "b", 8).status()));
  CHECK(absl::IsInvalidArgument(ReadWholeFile(folder.path().string(), 1 << 20).status()));
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  CHECK(absl::IsInvalidArgument(ReadWholeFile(folder / "fifo", 8).status()));
  CHECK(absl::IsNotFound(WriteWholeFile(folder / "none/a", {})));
}

}  // namespace
}  // namespace dynofa::engine
