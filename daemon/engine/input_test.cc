#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "daemon/engine/preprocess.h"
#include "tests/support/catch.h"

namespace dynofa::engine {
namespace {

Tensor Uint8(std::vector<std::int64_t> shape, const std::vector<std::uint8_t>& values) {
  Tensor tensor{"image", DataType::kUint8, std::move(shape), {}};
  const auto bytes = std::as_bytes(std::span(values));
  tensor.bytes.assign(bytes.begin(), bytes.end());
  return tensor;
}

Tensor Float32(std::vector<std::int64_t> shape, const std::vector<float>& values) {
  Tensor tensor{"image", DataType::kFloat32, std::move(shape), {}};
  tensor.bytes.resize(values.size() * sizeof(float));
  std::copy(values.begin(), values.end(), tensor.data<float>());
  return tensor;
}

bool Refused(const Tensor& input, int resolution = 2) {
  std::vector<float> output(static_cast<std::size_t>(resolution * resolution * 3));
  const absl::Status made = MakeInput(input, Preprocessing{}, resolution, output);
  return made.code() == absl::StatusCode::kInvalidArgument && !made.message().empty();
}

}  // namespace

TEST_CASE("A byte image is resized once and normalised") {
  Preprocessing preprocessing;
  preprocessing.crop_ratio = 1.0;
  std::vector<std::uint8_t> pixels(2 * 2 * 3);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(20 * i);
  for (const auto& shape : {std::vector<std::int64_t>{2, 2, 3}, {1, 2, 2, 3}}) {
    std::vector<float> output(12);
    REQUIRE(MakeInput(Uint8(shape, pixels), preprocessing, 2, output).ok());
    for (std::size_t i = 0; i < output.size(); ++i) {
      const double mean = preprocessing.mean[i % 3];
      CHECK(output[i] ==
            Approx((pixels[i] / 255.0 - mean) / preprocessing.stddev[i % 3]).margin(1e-6));
    }
  }
}

TEST_CASE("Height comes before width") {
  const std::vector<std::uint8_t> pixels(4 * 7 * 3, 9);
  std::vector<float> output(3 * 3 * 3);
  CHECK(MakeInput(Uint8({4, 7, 3}, pixels), Preprocessing{}, 3, output).ok());
}

TEST_CASE("Planes are only transposed") {
  const std::vector<float> planes = {0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23};
  std::vector<float> output(12);
  REQUIRE(MakeInput(Float32({1, 3, 2, 2}, planes), Preprocessing{}, 2, output).ok());
  CHECK(output == std::vector<float>{0, 10, 20, 1, 11, 21, 2, 12, 22, 3, 13, 23});
}

TEST_CASE("Planes of another subnet's resolution are resampled") {
  std::vector<float> planes(3 * 16, 1.0f);
  std::fill(planes.begin() + 32, planes.end(), 7.0f);
  std::vector<float> output(12);
  REQUIRE(MakeInput(Float32({1, 3, 4, 4}, planes), Preprocessing{}, 2, output).ok());
  CHECK(output == std::vector<float>{1, 1, 7, 1, 1, 7, 1, 1, 7, 1, 1, 7});
}

TEST_CASE("Input that does not fit is refused with a reason") {
  const std::vector<float> planes(12, 0.5f);
  CHECK_FALSE(Refused(Float32({3, 2, 2}, planes)));
  CHECK(Refused(Float32({3, 1 << 20, 1 << 20}, planes)));
  CHECK(Refused(Float32({2, 2, 3}, planes)));
  CHECK(Refused(Float32({2, 3, 2, 2}, std::vector<float>(24))));
  CHECK(Refused(Float32({3, 2, 2}, std::vector<float>(11))));
  CHECK(Refused(Uint8({2, 2, 4}, std::vector<std::uint8_t>(16))));
  CHECK(Refused(Uint8({2, 2, 3}, std::vector<std::uint8_t>(11))));
  CHECK(Refused(Uint8({-2, -2, 3}, std::vector<std::uint8_t>(12))));
  CHECK(Refused(Uint8({std::int64_t{1} << 62, 4, 3}, {})));
  CHECK(Refused(Uint8({}, {})));
  Tensor wrong = Float32({3, 2, 2}, planes);
  wrong.type = DataType::kInt64;
  CHECK(Refused(wrong));
  for (float bad :
       {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    std::vector<float> values = planes;
    values[7] = bad;
    CHECK(Refused(Float32({3, 2, 2}, values)));
  }
}

TEST_CASE("A crop ratio that makes no size is refused") {
  std::vector<float> output(12);
  const Tensor image = Uint8({2, 2, 3}, std::vector<std::uint8_t>(12));
  for (double ratio : {0.0, -1.0, 1e-300, 2.0, std::nan("")}) {
    Preprocessing preprocessing;
    preprocessing.crop_ratio = ratio;
    CHECK(MakeInput(image, preprocessing, 2, output).code() == absl::StatusCode::kInvalidArgument);
  }
}

TEST_CASE("Admission checks shapes without doing the work") {
  const std::vector<int> accepted = {2, 4};
  CHECK(CheckInput(Float32({3, 4, 4}, std::vector<float>(48)), accepted).ok());
  CHECK(CheckInput(Uint8({1, 5, 9, 3}, std::vector<std::uint8_t>(135)), accepted).ok());
  const absl::Status odd = CheckInput(Float32({3, 3, 3}, std::vector<float>(27)), accepted);
  CHECK(odd.code() == absl::StatusCode::kInvalidArgument);
  CHECK(std::string(odd.message()).find("2, 4") != std::string::npos);
}

}  // namespace dynofa::engine
