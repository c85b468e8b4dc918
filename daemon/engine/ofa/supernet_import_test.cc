#include "daemon/engine/ofa/supernet_import.h"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "daemon/base/strings.h"
#include "daemon/engine/checkpoint/torch_writer_testing.h"
#include "daemon/engine/ofa/synthetic.h"
#include "daemon/engine/ofa/tiny_manifest_testing.h"
#include "tests/support/catch.h"

namespace dynofa::engine::ofa {
namespace {

using checkpoint::StateDict;
using checkpoint::testing::TestTensor;
using checkpoint::testing::ToBytes;

constexpr char kExpand[] = "blocks.2.conv.inverted_bottleneck.conv.conv.weight";

// The state dict of the tiny net, with a counter of batches as the reference has them.
std::vector<TestTensor> TinyStateDict() {
  std::vector<TestTensor> tensors;
  const Manifest manifest = TinyManifest();
  const auto model = *SyntheticModel(manifest.architecture, manifest.subnets);
  const std::vector<TensorShape> shapes = *StateDictShapes(manifest.architecture);
  for (const TensorShape& shape : shapes) {
    const std::span<const float> values = model->Weight(shape.key);
    tensors.push_back(
        {.name = shape.key, .shape = shape.shape, .values = {values.begin(), values.end()}});
  }
  tensors.push_back({.name = "first_conv.bn.num_batches_tracked", .shape = {}, .values = {0}});
  return tensors;
}

TestTensor& Find(std::vector<TestTensor>& tensors, const std::string& name) {
  return *std::find_if(tensors.begin(), tensors.end(),
                       [&](const TestTensor& tensor) { return tensor.name == name; });
}

StateDict Parse(const std::vector<TestTensor>& tensors) {
  return *StateDict::Parse(ToBytes(checkpoint::testing::LegacyFile(tensors)), "f");
}

std::string ErrorOf(const std::vector<TestTensor>& tensors) {
  const absl::Status status = TakeTensors(TinyManifest().architecture, Parse(tensors)).status();
  CHECK(absl::IsInvalidArgument(status));
  return std::string(base::FromAbsl(status.message()));
}

void Replace(std::string& text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at != std::string::npos) text.replace(at, from.size(), to);
}

TEST_CASE("tensors are taken under both spellings of their keys") {
  const std::vector<TestTensor> head = TinyStateDict();
  std::vector<TestTensor> release = head, single = head;
  for (TestTensor& tensor : release) {
    if (tensor.name.starts_with("blocks."))
      Replace(tensor.name, ".conv.", ".mobile_inverted_conv.");
  }
  for (TestTensor& tensor : single) {
    Replace(tensor.name, ".bn.bn.", ".bn.");
    Replace(tensor.name, ".conv.conv.weight", ".conv.weight");
    Replace(tensor.name, ".linear.", ".linear.linear.");
  }
  REQUIRE(release[10].name.find(".mobile_inverted_conv.") != std::string::npos);
  for (const auto& spelling : {head, release, single}) {
    const auto tensors = TakeTensors(TinyManifest().architecture, Parse(spelling));
    REQUIRE(tensors.ok());
    REQUIRE(tensors->size() == head.size() - 1);  // without the counter
    for (std::size_t i = 0; i < tensors->size(); ++i) {
      const Tensor& tensor = (*tensors)[i];
      CHECK(tensor.name == head[i].name);
      CHECK(tensor.shape == head[i].shape);
      CHECK(std::equal(head[i].values.begin(), head[i].values.end(), tensor.data<float>()));
    }
  }
}

TEST_CASE("the first tensor that does not fit is named") {
  std::vector<TestTensor> missing = TinyStateDict();
  missing.erase(missing.begin());
  CHECK(ErrorOf(missing) == "f: tensor \"first_conv.conv.weight\" is missing");

  std::vector<TestTensor> unknown = TinyStateDict();
  unknown.push_back({.name = "blocks.9.extra", .shape = {1}, .values = {0}});
  CHECK(ErrorOf(unknown) == "f: tensor \"blocks.9.extra\" is not part of this supernet");

  std::vector<TestTensor> misshapen = TinyStateDict();
  std::swap(Find(misshapen, kExpand).shape[0], Find(misshapen, kExpand).shape[1]);
  CHECK(ErrorOf(misshapen).find(std::string(kExpand) + "\" is [") != std::string::npos);
  CHECK(ErrorOf(misshapen).find("; it must be float32 [") != std::string::npos);

  std::vector<TestTensor> integers = TinyStateDict();
  Find(integers, kExpand).type = "IntStorage";
  CHECK(ErrorOf(integers).find("is not float32") != std::string::npos);

  std::vector<TestTensor> twice = TinyStateDict();
  twice.push_back(Find(twice, kExpand));
  twice.back().name = "blocks.2.mobile_inverted_conv.inverted_bottleneck.conv.conv.weight";
  CHECK(ErrorOf(twice).find("is there in two spellings") != std::string::npos);

  std::vector<TestTensor> nan = TinyStateDict();
  Find(nan, kExpand).values[0] = std::numeric_limits<float>::quiet_NaN();
  CHECK(ErrorOf(nan).find("not a finite number") != std::string::npos);

  std::vector<TestTensor> negative = TinyStateDict();
  Find(negative, "first_conv.bn.running_var").values[0] = -1;
  CHECK(ErrorOf(negative).find("negative variance") != std::string::npos);
}

StateDict Ends(std::int64_t stem, std::int64_t features) {
  const auto zeros = [](std::int64_t count) {
    return std::vector<float>(static_cast<std::size_t>(count));
  };
  return Parse({{"first_conv.conv.weight", {stem, 3, 3, 3}, zeros(stem * 27)},
                {"classifier.linear.weight", {7, features}, zeros(7 * features)}});
}

TEST_CASE("the width is told by the shapes, and other nets are refused") {
  CHECK(RecogniseArchitecture(Ends(16, 1280))->width_mult == 1.0);
  const Architecture wide = *RecogniseArchitecture(Ends(24, 1536));
  CHECK(wide.width_mult == 1.2);
  CHECK(wide.classes == 7);
  const absl::Status proxyless = RecogniseArchitecture(Ends(40, 1664)).status();
  CHECK(proxyless.message() ==
        "f: has 40 channels in its first layer and 1664 before its last; OFA MobileNetV3 has 16 "
        "and 1280 (width 1.0) or 24 and 1536 (width 1.2)");
  CHECK(absl::IsInvalidArgument(RecogniseArchitecture(Ends(16, 1536)).status()));
  CHECK(RecogniseArchitecture(Parse({{"input_stem.0.conv.weight", {1}, {0}}}))
            .status()
            .message()
            .find("no OFA MobileNetV3 supernet") != absl::string_view::npos);
}

}  // namespace
}  // namespace dynofa::engine::ofa
