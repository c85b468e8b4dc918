#include "daemon/engine/cpu/kernels.h"

#include <cstddef>
#include <vector>

#include "daemon/engine/ofa/synthetic.h"
#include "tests/support/catch.h"

namespace dynofa::engine::cpu {

TEST_CASE("Matrix times vector on a prefix of a wider matrix") {
  const std::size_t rows = 7;
  const std::size_t stride = 150;
  const std::vector<float> weights = ofa::SyntheticValues("weights", rows * stride, 1.0);
  const std::vector<float> x = ofa::SyntheticValues("x", stride, 1.0);
  const std::vector<float> bias = ofa::SyntheticValues("bias", rows, 1.0);
  for (std::size_t columns : {1u, 24u, 32u, 33u, 149u, 150u}) {
    for (int threads : {1, 2}) {
      std::vector<float> out(rows);
      MatrixVector(weights.data(), rows, static_cast<std::int64_t>(columns), stride, x.data(),
                   bias.data(), out.data(), threads);
      for (std::size_t r = 0; r < rows; ++r) {
        double expected = bias[r];
        for (std::size_t c = 0; c < columns; ++c) expected += weights[r * stride + c] * x[c];
        CHECK(out[r] == Approx(expected).margin(1e-5));
      }
    }
  }
}

TEST_CASE("Channel means and scales, for any number of channels and threads") {
  const std::size_t pixels = 5;
  for (std::size_t channels : {1u, 16u, 40u, 131u}) {
    const std::vector<float> data = ofa::SyntheticValues("map", pixels * channels, 1.0);
    for (int threads : {1, 2, 3}) {
      std::vector<float> means(channels);
      ChannelMeans(data.data(), pixels, static_cast<std::int64_t>(channels), means.data(), threads);
      std::vector<float> scaled = data;
      ScaleChannels(scaled.data(), pixels, static_cast<std::int64_t>(channels), means.data(),
                    threads);
      for (std::size_t c = 0; c < channels; ++c) {
        double sum = 0.0;
        for (std::size_t p = 0; p < pixels; ++p) sum += data[p * channels + c];
        REQUIRE(means[c] == Approx(sum / pixels).margin(1e-6));
        for (std::size_t p = 0; p < pixels; ++p) {
          REQUIRE(scaled[p * channels + c] == data[p * channels + c] * means[c]);
        }
      }
    }
  }
}

TEST_CASE("Activations by their definitions") {
  const std::vector<float> in = {-4.0f, -3.0f, -1.5f, 0.0f, 1.0f, 3.0f, 5.0f};
  std::vector<float> relu = in;
  std::vector<float> swish = in;
  std::vector<float> sigmoid = in;
  Relu(relu.data(), 7);
  HSwish(swish.data(), 7);
  HSigmoid(sigmoid.data(), 7);
  CHECK(relu == std::vector<float>{0, 0, 0, 0, 1, 3, 5});
  CHECK(sigmoid == std::vector<float>{0, 0, 0.25f, 0.5f, 4.0f / 6.0f, 1, 1});
  for (std::size_t i = 0; i < 7; ++i) CHECK(swish[i] == Approx(in[i] * sigmoid[i]));
}

}  // namespace dynofa::engine::cpu
