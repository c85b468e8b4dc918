#include "daemon/hardware/nvml/nvml.h"

#include "tests/support/catch.h"

namespace dynofa::hardware::nvml {
namespace {

TEST_CASE("GPUs are found and read; what the driver does not tell stays unknown") {
  const auto nvml = Nvml::Load(DYNOFA_FAKE_NVML);
  REQUIRE(nvml.ok());
  REQUIRE((*nvml)->gpus().size() == 2);
  CHECK((*nvml)->gpus()[0].name == "Fake GPU");
  CHECK((*nvml)->gpus()[0].max_khz == 1980000);
  const GpuReading reading = (*nvml)->Read(0);
  CHECK(reading.khz == 1200000);
  CHECK(reading.celsius == 41.0);
  CHECK(reading.power_w == 70.5);
  CHECK(reading.load == 0.25);
  CHECK((*nvml)->gpus()[1].max_khz == 0);
  const GpuReading mute = (*nvml)->Read(1);
  CHECK_FALSE(mute.khz.has_value());
  CHECK_FALSE(mute.power_w.has_value());
}

TEST_CASE("No library is no GPU; another library is refused") {
  CHECK(Nvml::Load("libdynofa-no-such-thing.so").status().code() == absl::StatusCode::kNotFound);
  CHECK(Nvml::Load("libm.so.6").status().code() == absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace dynofa::hardware::nvml
