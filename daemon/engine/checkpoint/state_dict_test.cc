#include "daemon/engine/checkpoint/state_dict.h"

#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "daemon/base/strings.h"
#include "daemon/engine/checkpoint/torch_writer_testing.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::engine::checkpoint {
namespace {

using namespace testing;  // NOLINT: the writers of this folder's tests

std::vector<float> Values(const TensorView& tensor) {
  const std::vector<std::byte> dense = tensor.Dense();
  std::vector<float> values(dense.size() / sizeof(float));
  if (!dense.empty()) std::memcpy(values.data(), dense.data(), dense.size());
  return values;
}

std::vector<TestTensor> TwoTensors() {
  return {{.name = "conv.weight", .shape = {2, 3}, .values = {1, 2, 3, 4, 5, 6}},
          {.name = "conv.bias", .shape = {2}, .values = {7, 8}}};
}

// The same tensors in each of torch.save's formats.
std::vector<std::string> BothFormats(const std::vector<TestTensor>& tensors) {
  return {LegacyFile(tensors), ZipFile(ArchiveEntries(tensors))};
}

std::string ErrorOf(const std::string& file) {
  const absl::Status status = StateDict::Parse(ToBytes(file), "f").status();
  CHECK(absl::IsInvalidArgument(status));
  return std::string(base::FromAbsl(status.message()));
}

bool Mentions(const std::string& error, std::string_view text) {
  CAPTURE(error);
  return error.find(text) != std::string::npos;
}

TEST_CASE("both formats of torch.save are read") {
  std::vector<std::string> files = BothFormats(TwoTensors());
  files.push_back(ZipFile(ArchiveEntries(TwoTensors()), /*zip64=*/true));
  for (const std::string& file : files) {
    const StateDict dict = *StateDict::Parse(ToBytes(file), "f");
    REQUIRE(dict.tensors().size() == 2);
    const TensorView& weight = dict.tensors().at("conv.weight");
    CHECK(weight.shape == std::vector<std::int64_t>{2, 3});
    CHECK(weight.IsDense());
    CHECK(Values(weight) == std::vector<float>{1, 2, 3, 4, 5, 6});
    CHECK(Values(dict.tensors().at("conv.bias")) == std::vector<float>{7, 8});
    CHECK(dict.contents().size() == file.size());
  }
}

TEST_CASE("safetensors are read as well, from a file") {
  const tests::TempDir folder;
  const std::vector<float> values = {1, 2};
  const std::string path = folder / "w";
  REQUIRE(
      WriteSafetensors(path, {{"a", SafetensorsType::kF32, {2}, std::as_bytes(std::span(values))}})
          .ok());
  StateDict first = *StateDict::Read(path);
  const StateDict dict = std::move(first);
  CHECK(Values(dict.tensors().at("a")) == values);
  CHECK(absl::IsNotFound(StateDict::Read(folder / "none").status()));
}

TEST_CASE("a file of another kind is refused") {
  for (const char* text :
       {"", "x", "version https://git-lfs.github.com/spec/v1\n", "<!doctype html>"}) {
    CHECK(Mentions(ErrorOf(text), "f: is no checkpoint"));
  }
}

TEST_CASE("a dictionary of tensors needs no wrapping, and other entries of the wrapping are left") {
  const std::string tensors = PickledStateDict(TwoTensors(), true);
  for (const std::string& object : {tensors, "}(" + Text("epoch") + "K\x05" + Text("state_dict") +
                                                 tensors + Text("best") + "G" + Raw(0.5) + "u"}) {
    const auto dict = StateDict::Parse(ToBytes(LegacyFile(TwoTensors(), WholePickle(object))), "f");
    REQUIRE(dict.ok());
    CHECK(dict->tensors().size() == 2);
  }
  const std::string mixed = "}(" + Text("epoch") + "K\x05u";
  CHECK(Mentions(ErrorOf(LegacyFile({}, WholePickle(mixed))), "entry \"epoch\": is no tensor"));
  CHECK(Mentions(ErrorOf(LegacyFile({}, WholePickle("]"))), "is no dictionary"));
  CHECK(Mentions(ErrorOf(LegacyFile({}, WholePickle("}(K\x01K\x02u"))), "a key that is no text"));
}

TEST_CASE("parameters are tensors") {
  const TestTensor tensor = TwoTensors()[1];
  const std::string parameter = Global("torch._utils", "_rebuild_parameter") +
                                Tuple({PickledTensor(tensor, true), "\x88", EmptyOrderedDict()}) +
                                "R";
  const std::string object = WholePickle("}" + Text("p") + parameter + "s");
  const auto dict = StateDict::Parse(ToBytes(LegacyFile({tensor}, object)), "f");
  CHECK(Values(dict->tensors().at("p")) == std::vector<float>{7, 8});
}

TEST_CASE("tensors may be views into a storage, and share it") {
  const std::vector<TestTensor> tensors = {
      {.name = "transposed",
       .shape = {3, 2},
       .values = {1, 2, 3, 4, 5, 6},
       .strides = {{1, 3}},
       .key = "0"},
      {.name = "column",
       .shape = {2},
       .values = {1, 2, 3, 4, 5, 6},
       .offset = 2,
       .strides = {{3}},
       .key = "0"},
      {.name = "scalar", .shape = {}, .values = {1, 2, 3, 4, 5, 6}, .offset = 5, .key = "0"},
      {.name = "empty", .shape = {0, 4}, .values = {1, 2, 3, 4, 5, 6}, .offset = 6, .key = "0"}};
  for (const std::string& file : BothFormats(tensors)) {
    const StateDict dict = *StateDict::Parse(ToBytes(file), "f");
    CHECK_FALSE(dict.tensors().at("transposed").IsDense());
    CHECK(Values(dict.tensors().at("transposed")) == std::vector<float>{1, 4, 2, 5, 3, 6});
    CHECK(Values(dict.tensors().at("column")) == std::vector<float>{3, 6});
    CHECK(Values(dict.tensors().at("scalar")) == std::vector<float>{6});
    CHECK(Values(dict.tensors().at("empty")).empty());
  }
}

TEST_CASE("every beginning of a file is refused") {
  for (const std::string& file : BothFormats(TwoTensors())) {
    for (std::size_t size = 0; size < file.size(); ++size) {
      CAPTURE(size);
      CHECK_FALSE(StateDict::Parse(ToBytes(file.substr(0, size)), "f").ok());
    }
    CHECK_FALSE(StateDict::Parse(ToBytes(file + "x"), "f").ok());
  }
}

// Whatever a byte says, the file is refused or gives tensors whose elements are there.
TEST_CASE("no change of a single byte does harm") {
  for (const std::string& file : BothFormats(TwoTensors())) {
    for (std::size_t place = 0; place < file.size(); ++place) {
      for (const int change : {0x01, 0x80, 0xff}) {
        std::string changed = file;
        changed[place] = static_cast<char>(changed[place] ^ change);
        const auto dict = StateDict::Parse(ToBytes(changed), "f");
        if (!dict.ok()) continue;
        CHECK(dict->tensors().size() <= 2);
        for (const auto& [name, tensor] : dict->tensors()) CHECK(Values(tensor).size() <= 6);
      }
    }
  }
}

// A file of one tensor of which the last field is wrong in some way.
std::string ErrorOfTensor(const TestTensor& tensor) {
  std::string error;
  for (const std::string& file : BothFormats({tensor})) {
    CAPTURE(file);
    error = ErrorOf(file);
    CHECK(Mentions(error, "f: "));
  }
  return error;
}

TEST_CASE("shapes, strides and offsets that reach outside of the storage are refused") {
  constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max();
  TestTensor tensor = {.name = "w", .shape = {2, 2}, .values = {1, 2, 3, 4}};
  const auto with = [&tensor](std::vector<std::int64_t> shape, std::vector<std::int64_t> strides,
                              std::int64_t offset) {
    TestTensor changed = tensor;
    changed.shape = std::move(shape);
    changed.strides = std::move(strides);
    changed.offset = offset;
    return ErrorOfTensor(changed);
  };
  CHECK(Mentions(with({2, 3}, {3, 1}, 0), "entry \"w\": reaches element 5 of 4"));
  CHECK(Mentions(with({2, 2}, {2, 1}, 1), "reaches element 3 of 3"));
  CHECK(Mentions(with({2, 2}, {3, 1}, 0), "reaches element 4 of 4"));
  CHECK(Mentions(with({1}, {1}, 4), "reaches element 0 of 0"));
  CHECK(Mentions(with({1}, {1}, 5), "begins at element 5 of 4"));
  CHECK(Mentions(with({1}, {1}, -1), "begins at element -1"));
  CHECK(Mentions(with({-1}, {1}, 0), "no size"));
  CHECK(Mentions(with({2}, {-1}, 1), "no size"));
  CHECK(Mentions(with({2}, {1, 1}, 0), "one stride per extent"));
  CHECK(Mentions(with({1, 1, 1, 1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1, 1, 1}, 0), "at most 8"));
  CHECK(Mentions(with({kHuge, 2}, {0, 0}, 0), "overflow"));
  CHECK(Mentions(with({3}, {kHuge}, 0), "overflow"));
  CHECK(Mentions(with({2, 2}, {kHuge, kHuge}, 0), "overflow"));
  // A few bytes that would become as many as one likes.
  CHECK(Mentions(with({1 << 30}, {0}, 0), "repeats elements"));
  CHECK(Mentions(with({3, 3}, {1, 0}, 0), "repeats elements"));
}

TEST_CASE("storages that are not what the pickle says are refused") {
  TestTensor tensor = {.name = "w", .shape = {2}, .values = {1, 2}};
  tensor.count = 3;
  ErrorOfTensor(tensor);
  tensor.count = -1;
  CHECK(Mentions(ErrorOfTensor(tensor), "claims -1 elements"));
  tensor.count = std::numeric_limits<std::int64_t>::max();
  CHECK(Mentions(ErrorOfTensor(tensor), "claims"));
  tensor.count = std::int64_t{1} << 30;
  ErrorOfTensor(tensor);
  tensor.count.reset();
  tensor.type = "LongStorage";
  ErrorOfTensor(tensor);
  tensor.type = "HalfStorage";
  CHECK(Mentions(ErrorOfTensor(tensor), "names \"torch.HalfStorage\""));
  tensor.type = "FloatStorage";
  TestTensor other = tensor;
  other.name = "v";
  other.key = "w";
  other.count = 1;
  for (const std::string& file : BothFormats({tensor, other})) {
    CHECK(Mentions(ErrorOf(file), "describes storage \"w\" in two ways"));
  }
}

TEST_CASE("a name that is there twice is refused") {
  TestTensor again = TwoTensors()[1];
  for (const std::string& file : BothFormats({again, again})) {
    CHECK(Mentions(ErrorOf(file), "entry \"conv.bias\" is there twice"));
  }
}

TEST_CASE("a file that names any other callable is refused") {
  const std::string object =
      WholePickle("}" + Text("w") + Global("posix", "system") + Text("id") + "\x85Rs");
  CHECK(Mentions(ErrorOf(LegacyFile({}, object)), "names \"posix.system\""));
  CHECK(Mentions(ErrorOf(ZipFile({{"a/data.pkl", object}})), "names \"posix.system\""));
}

TEST_CASE("what stands around the tensors is checked") {
  std::string big_endian = LegacyFile(TwoTensors());
  big_endian.replace(big_endian.find("little_endian\x88") + 13, 1, "\x89");
  CHECK(Mentions(ErrorOf(big_endian), "little-endian"));
  std::string protocol = LegacyFile(TwoTensors());
  protocol.replace(protocol.find(Raw(std::int64_t{1001})), 1, "\xea");
  CHECK(Mentions(ErrorOf(protocol), "unknown protocol"));

  std::vector<TestEntry> entries = ArchiveEntries(TwoTensors());
  entries[1].contents = "big";
  CHECK(Mentions(ErrorOf(ZipFile(entries)), "little-endian"));
  entries = ArchiveEntries(TwoTensors());
  entries.pop_back();
  CHECK(Mentions(ErrorOf(ZipFile(entries)), "storage \"conv.bias\" is not there"));
  entries = ArchiveEntries(TwoTensors());
  entries.push_back({"other/data.pkl", entries[0].contents});
  CHECK(Mentions(ErrorOf(ZipFile(entries)), "two archives"));
  CHECK(Mentions(ErrorOf(ZipFile({{"a/b/data.pkl", "x"}})), "not written by torch.save"));
}

TEST_CASE("the list of storages must match the object") {
  const std::vector<TestTensor> tensors = TwoTensors();
  const std::string object = WholePickle(PickledStateDict(tensors, true));
  CHECK(Mentions(ErrorOf(LegacyFile({tensors[0]}, object)), "a storage that is not there"));
  const std::string less = WholePickle(PickledStateDict({tensors[0]}, true));
  CHECK(Mentions(ErrorOf(LegacyFile(tensors, less)), "\"conv.bias\" without use or twice"));
}

}  // namespace
}  // namespace dynofa::engine::checkpoint
