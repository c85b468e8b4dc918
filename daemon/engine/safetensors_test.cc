#include "daemon/engine/safetensors.h"

#include <cstring>
#include <string>

#include "daemon/base/strings.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::engine {
namespace {

// A file with `header` and `data_size` bytes of data; the header's length may lie.
std::vector<std::byte> Contents(const std::string& header, std::size_t data_size,
                                std::int64_t length_error = 0) {
  const std::uint64_t length = header.size() + static_cast<std::uint64_t>(length_error);
  std::vector<std::byte> contents(8 + header.size() + data_size);
  std::memcpy(contents.data(), &length, 8);
  std::memcpy(contents.data() + 8, header.data(), header.size());
  return contents;
}

std::string ErrorOf(std::vector<std::byte> contents) {
  const absl::Status status = SafetensorsFile::Parse(std::move(contents), "w").status();
  CHECK(absl::IsInvalidArgument(status));
  return std::string(base::FromAbsl(status.message()));
}

std::string Tensor(const char* dtype, const char* shape, const char* offsets) {
  return base::StrCat(R"({"a":{"dtype":")", dtype, R"(","shape":)", shape, R"(,"data_offsets":)",
                      offsets, "}}");
}

TEST_CASE("what was written is read back") {
  const tests::TempDir folder;
  const std::vector<float> a = {1, 2, 3, 4, 5, 6};
  const std::vector<std::int64_t> steps = {7};
  const std::string path = folder / "w.safetensors";
  REQUIRE(WriteSafetensors(path,
                           {{"a", SafetensorsType::kF32, {2, 3}, std::as_bytes(std::span(a))},
                            {"n", SafetensorsType::kI64, {}, std::as_bytes(std::span(steps))},
                            {"empty", SafetensorsType::kU8, {0, 5}, {}}},
                           {{"seed", "1"}})
              .ok());
  const SafetensorsFile file = *SafetensorsFile::Read(path);
  CHECK(file.entries().size() == 3);
  CHECK(file.metadata().at("seed") == "1");
  const std::vector<std::int64_t> shape = {2, 3};
  const auto floats = *file.Floats("a", shape);
  CHECK(std::vector<float>(floats.begin(), floats.end()) == a);
  CHECK(file.Find("n")->shape.empty());
  CHECK(file.Find("empty")->bytes.empty());
  CHECK(file.Find("b") == nullptr);
}

TEST_CASE("a tensor is handed out only with the type and shape that were asked for") {
  const SafetensorsFile file =
      *SafetensorsFile::Parse(Contents(Tensor("F32", "[2,3]", "[0,24]") + "  ", 24), "w");
  const std::vector<std::int64_t> right = {2, 3}, wrong = {3, 2}, shorter = {6};
  CHECK(file.Floats("a", wrong).status().message() ==
        "w: tensor \"a\" is F32 [2,3]; it must be F32 [3,2]");
  CHECK_FALSE(file.Floats("a", shorter).ok());
  CHECK(file.Floats("b", right).status().message() == "w: tensor \"b\" is missing");
}

TEST_CASE("truncated files and lying header lengths are refused") {
  const std::string header = Tensor("F32", "[2]", "[0,8]");
  CHECK(ErrorOf({}) == "w: has 0 bytes, too few for a safetensors file");
  CHECK(ErrorOf(std::vector<std::byte>(7)).find("too few") != std::string::npos);
  CHECK(ErrorOf(Contents(header, 0, 1)).find("truncated file?") != std::string::npos);
  CHECK(ErrorOf(Contents(header, 8, -1)).find("not a JSON object") != std::string::npos);
  CHECK(ErrorOf(Contents(header, 8, std::int64_t{1} << 62)).find("claims") != std::string::npos);
  CHECK(
      ErrorOf(Contents(header, 8, -1 - static_cast<std::int64_t>(header.size()))).find("claims") !=
      std::string::npos);  // 2^64 - 1
  // Every proper prefix of a good file is a bad one.
  const std::vector<std::byte> good = Contents(header, 8);
  REQUIRE(SafetensorsFile::Parse(good, "w").ok());
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK_FALSE(
        SafetensorsFile::Parse({good.begin(), good.begin() + static_cast<long>(size)}, "w").ok());
  }
}

TEST_CASE("headers that are no description of tensors are refused") {
  CHECK_FALSE(SafetensorsFile::Parse(Contents("", 0), "w").ok());
  for (const char* header :
       {"[]", "nonsense", R"({"a":1})", R"({"a":{}})", R"({"__metadata__":1})",
        R"({"__metadata__":{"k":1}})", R"({"a":{"dtype":"F32","shape":[1]}})",
        R"({"a":{"dtype":7,"shape":[],"data_offsets":[0,4]}})", "{\"\xff\":1}"}) {
    CAPTURE(header);
    ErrorOf(Contents(header, 4));
  }
  CHECK(ErrorOf(Contents(Tensor("BF16", "[2]", "[0,4]"), 4)).find("supported are F32") !=
        std::string::npos);
}

TEST_CASE("sizes that do not fit or overflow are refused") {
  CHECK(ErrorOf(Contents(Tensor("F32", "[3]", "[0,8]"), 8)).find("does not fit") !=
        std::string::npos);
  CHECK(ErrorOf(Contents(Tensor("F32", "[2]", "[0,16]"), 8)).find("outside") != std::string::npos);
  CHECK(ErrorOf(Contents(Tensor("F32", "[2]", "[8,0]"), 8)).find("outside") != std::string::npos);
  // 2^62 * 4 wraps to 0.
  ErrorOf(Contents(Tensor("F32", "[4611686018427387904]", "[0,0]"), 0));
  ErrorOf(Contents(Tensor("F32", "[4294967296,4294967296]", "[0,0]"), 0));
  ErrorOf(Contents(Tensor("F32", "[18446744073709551615]", "[0,0]"), 0));
  ErrorOf(Contents(Tensor("F32", "[-1]", "[0,4]"), 4));
  ErrorOf(Contents(Tensor("F32", "[1.0]", "[0,4]"), 4));
  ErrorOf(Contents(Tensor("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), 4));
  ErrorOf(Contents(Tensor("F32", "[1]", "[0,4,8]"), 4));
}

TEST_CASE("tensors must tile the data") {
  const auto two = [](const char* first, const char* second) {
    return base::StrCat(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)", first,
                        R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)", second, "}}");
  };
  CHECK(SafetensorsFile::Parse(Contents(two("[4,8]", "[0,4]"), 8), "w").ok());
  CHECK(ErrorOf(Contents(two("[0,4]", "[2,6]"), 6)).find("overlap at byte 2") != std::string::npos);
  CHECK(ErrorOf(Contents(two("[0,4]", "[5,9]"), 9)).find("hole between tensors at byte 4") !=
        std::string::npos);
  CHECK(ErrorOf(Contents(two("[0,4]", "[4,8]"), 9)).find("1 bytes after the last") !=
        std::string::npos);
  CHECK(ErrorOf(Contents(two("[1,5]", "[5,9]"), 9)).find("hole") != std::string::npos);
}

TEST_CASE("tensors that cannot be written are refused and leave nothing behind") {
  const tests::TempDir folder;
  const std::vector<float> a = {1, 2};
  const SafetensorsTensor good = {"a", SafetensorsType::kF32, {2}, std::as_bytes(std::span(a))};
  SafetensorsTensor bad = good;
  bad.shape = {3};
  CHECK(absl::IsInvalidArgument(WriteSafetensors(folder / "w", {bad})));
  CHECK(absl::IsInvalidArgument(WriteSafetensors(folder / "w", {good, good})));
  CHECK(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace dynofa::engine
