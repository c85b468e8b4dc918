#include "daemon/manager/measure_runs.h"

#include <cstddef>

#include "daemon/base/status.h"

namespace dynofa::manager {
namespace {

/// Normalised values as a picture has them: small, of both signs, none of them a denormal.
engine::Tensor TestImage(int resolution) {
  engine::Tensor image;
  image.shape = {1, 3, resolution, resolution};
  const auto count = static_cast<std::size_t>(image.elements());
  image.bytes.resize(count * sizeof(float));
  for (std::size_t i = 0; i < count; ++i) {
    image.data<float>()[i] = static_cast<float>(i % 64) / 32.0f - 1.0f;
  }
  return image;
}

void Count(const engine::RunResult& run, Measurement& measurement) {
  if (run.overrun) {
    ++measurement.overruns;
    return;
  }
  measurement.evidence = run.evidence;
  // What disturbs this machine does not change the time of an emulated board.
  const bool disturbed = run.disturbed && run.evidence == policies::Evidence::kMeasured;
  (disturbed ? measurement.disturbed_ms : measurement.clean_ms).push_back(base::ToMs(run.compute));
}

}  // namespace

absl::StatusOr<Measurement> MakeRuns(const MeasureOrder& order, engine::Executor& executor,
                                     engine::Supernet& supernet,
                                     const engine::PreparedSubnet& subnet, const base::Clock& clock,
                                     const std::function<bool()>& stopped) {
  const engine::Tensor image = TestImage(subnet.info().resolution);
  const engine::RunSettings settings{.threads = order.threads,
                                     .frequency_khz = order.frequency_khz};
  const base::TimePoint end = clock.Now() + order.longest;
  Measurement measurement;
  for (int run = 0; run < order.warm_ups + order.runs; ++run) {
    if (stopped()) return absl::CancelledError("measuring was stopped");
    if (run > order.warm_ups && clock.Now() >= end) break;
    DYNOFA_ASSIGN_OR_RETURN(const engine::RunResult result,
                            executor.Run(supernet, subnet, image, settings));
    if (run >= order.warm_ups) Count(result, measurement);
  }
  return measurement;
}

}  // namespace dynofa::manager
