#include "daemon/engine/checkpoint/zip.h"

#include <string>

#include "daemon/base/strings.h"
#include "daemon/engine/checkpoint/torch_writer_testing.h"
#include "tests/support/catch.h"

namespace dynofa::engine::checkpoint {
namespace {

using namespace testing;  // NOLINT: the writers of this folder's tests

std::string ErrorOf(const std::string& file) {
  const std::vector<std::byte> bytes = ToBytes(file);
  const absl::Status status = ReadZip(bytes).status();
  CHECK(absl::IsInvalidArgument(status));
  return std::string(base::FromAbsl(status.message()));
}

bool Mentions(const std::string& error, std::string_view text) {
  CAPTURE(error);
  return error.find(text) != std::string::npos;
}

TEST_CASE("entries are found where they lie, with 32 and with 64 bits") {
  for (const bool zip64 : {false, true}) {
    const std::vector<std::byte> file =
        ToBytes(ZipFile({{"a/one", "first"}, {"a/empty", ""}, {"two", "second"}}, zip64));
    const ZipEntries entries = *ReadZip(file);
    REQUIRE(entries.size() == 3);
    CHECK(entries.at("a/empty").empty());
    const auto two = entries.at("two");
    CHECK(std::string(reinterpret_cast<const char*>(two.data()), two.size()) == "second");
    CHECK((two.data() >= file.data() && two.data() < file.data() + file.size()));
  }
  CHECK(ReadZip(ToBytes(ZipFile({}))).value().empty());
  std::string commented = ZipFile({{"a", "x"}});
  commented.replace(commented.size() - 2, 2, std::string("\x03\0", 2) + "hi!");
  CHECK(ReadZip(ToBytes(commented)).ok());
}

TEST_CASE("every beginning of an archive is refused") {
  for (const bool zip64 : {false, true}) {
    const std::vector<std::byte> whole = ToBytes(ZipFile({{"one", "1"}, {"two", "2"}}, zip64));
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CHECK_FALSE(ReadZip(std::span(whole).first(size)).ok());
    }
  }
}

TEST_CASE("compressed and encrypted entries are refused") {
  CHECK(Mentions(ErrorOf(ZipFile({{.name = "a", .contents = "x", .method = 8}})), "is compressed"));
  CHECK(Mentions(ErrorOf(ZipFile({{.name = "a", .contents = "x", .flags = 1}})), "is encrypted"));
}

TEST_CASE("entries outside of the archive are refused") {
  const auto sized = [](std::uint32_t size) {
    return ZipFile({{.name = "a", .contents = "xyz", .size = size}});
  };
  CHECK(Mentions(ErrorOf(sized(4)), "ends early"));  // would reach into the directory
  CHECK(Mentions(ErrorOf(sized(0xfffffffe)), "ends early"));
  const auto placed = [](std::uint32_t header, bool zip64) {
    return ZipFile({{.name = "a", .contents = "xyz", .header = header}}, zip64);
  };
  CHECK(Mentions(ErrorOf(placed(1, false)), "wrong signature"));
  CHECK(Mentions(ErrorOf(placed(1000, false)), "outside of the archive"));
  CHECK(Mentions(ErrorOf(placed(0xfffffff0, true)), "outside of the archive"));
}

TEST_CASE("a directory outside of the archive is refused") {
  std::string file = ZipFile({{"a", "x"}});
  file.replace(file.size() - 6, 4, Raw(std::uint32_t{0xfffffff0}));
  CHECK(Mentions(ErrorOf(file), "the directory lies outside"));
  std::string locator = ZipFile({{"a", "x"}}, true);
  locator.replace(locator.size() - 22 - 12, 8, Raw(~std::uint64_t{0} - 8));
  CHECK(Mentions(ErrorOf(locator), "zip64 directory's end lies outside"));
  std::string record = ZipFile({{"a", "x"}}, true);
  record.replace(record.size() - 22 - 20 - 16, 8, Raw(~std::uint64_t{0}));  // size
  CHECK(Mentions(ErrorOf(record), "the directory lies outside"));
}

TEST_CASE("a count of entries that lies is refused") {
  std::string more = ZipFile({{"a", "x"}});
  more.replace(more.size() - 12, 2, Raw(std::uint16_t{2}));
  CHECK(Mentions(ErrorOf(more), "ends early"));
  std::string less = ZipFile({{"a", "x"}, {"b", "y"}});
  less.replace(less.size() - 12, 2, Raw(std::uint16_t{1}));
  CHECK(Mentions(ErrorOf(less), "more in its directory"));
  std::string huge = ZipFile({{"a", "x"}}, true);
  huge.replace(huge.size() - 22 - 20 - 24, 8, Raw(~std::uint64_t{0}));
  CHECK(Mentions(ErrorOf(huge), "ends early"));
}

TEST_CASE("entries that overlap, repeat a name or disagree with their header are refused") {
  CHECK(Mentions(ErrorOf(ZipFile({{"a", "x"}, {"a", "y"}})), "twice"));
  CHECK(Mentions(ErrorOf(ZipFile({{"a", "x"}, {.name = "a", .contents = "x", .header = 0}})),
                 "overlaps another one"));
  CHECK(Mentions(ErrorOf(ZipFile({{.name = "a", .contents = "x", .local_name = "b"}})),
                 "another name"));
}

TEST_CASE("a flipped bit is noticed") {
  CHECK(Mentions(ErrorOf(ZipFile({{.name = "a", .contents = "x", .crc = 1}})), "checksum"));
}

}  // namespace
}  // namespace dynofa::engine::checkpoint
