#include "daemon/tools/search/search.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "daemon/engine/ofa/synthetic.h"
#include "daemon/tools/search/report.h"
#include "daemon/tools/search/tiny_space_testing.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::tools::search {
namespace {

using engine::torch_backend::ImageSet;

// Images of one colour each, a class per colour.
ImageSet Colours(int count) {
  constexpr int kSide = 16;
  ImageSet set{.side = kSide};
  for (int i = 0; i < count; ++i) {
    for (int byte = 0; byte < kSide * kSide * 3; ++byte) {
      set.pixels.push_back(static_cast<std::uint8_t>(byte % 3 == i % 3 ? 120 + 7 * (i % 19) : 10));
    }
    set.labels.push_back(i % 3);
  }
  return set;
}

// Everything that a small search needs.
struct Fixture {
  explicit Fixture(const tests::TempDir& folder) : meter(model, training, holdout) {
    options.work = folder / "work";
    options.samples = 14;
    options.refinements = 4;
    options.candidates = 5;
    options.sample_protocol = {8, 30};
    options.final_protocol = {16, 60};
    options.evolution.population = 12;
    options.evolution.generations = 3;
    options.ladder = {.accuracy_step = 0.0, .latency_step = 1.0};
  }
  absl::StatusOr<SearchResult> Run() {
    lines.clear();
    return Search(model, space, meter, options, clock,
                  [this](const std::string& line) { lines.push_back(line); });
  }
  bool Said(const std::string& start) const {
    return std::any_of(lines.begin(), lines.end(),
                       [&](const std::string& line) { return line.starts_with(start); });
  }

  const Space space = TinySpace();
  const std::shared_ptr<const engine::ofa::OfaModel> model =
      *engine::ofa::SyntheticModel(space.architecture, engine::ofa::TinyManifest().subnets);
  const ImageSet training = Colours(30);
  const ImageSet holdout = Colours(60);
  const AccuracyMeter meter;
  const base::SteadyClock clock;
  SearchOptions options;
  std::vector<std::string> lines;
};

TEST_CASE("a search measures, predicts and chooses levels that climb") {
  const tests::TempDir folder;
  Fixture fixture(folder);
  fixture.options.workers = 2;
  const SearchResult result = *fixture.Run();
  CHECK(result.samples >= 14);
  CHECK_FALSE(result.out_of_time);
  REQUIRE(result.by_threads.size() == 1);
  for (const ThreadsResult& target : result.by_threads) {
    CHECK(target.table_entries > 50);
    CHECK(target.sum_error.subnets == 30);
    const MeasuredSubnet* below = nullptr;
    int levels = 0;
    for (const MeasuredSubnet& subnet : target.candidates) {
      CHECK(subnet.latency.median_ms > 0.0);
      if (!subnet.level) continue;
      ++levels;
      if (below != nullptr) CHECK(subnet.accuracy > below->accuracy);
      if (below != nullptr) CHECK(subnet.latency.median_ms > below->latency.median_ms);
      below = &subnet;
    }
    CHECK(levels >= 1);
  }
  const auto json = nlohmann::json::parse(ReportJson(*fixture.model, result, fixture.options));
  REQUIRE(json["searches"].size() == 1);
  CHECK(json["searches"][0]["threads"] == 1);
  CHECK(json["searches"][0]["table"]["sum"]["subnets"] == 30);
  CHECK(json["predictor"]["left_out"]["subnets"] == result.samples);
  CHECK(ReportText(result, fixture.options).find("cpu, 1 thread(s)") != std::string::npos);
}

TEST_CASE("a search that is repeated measures no accuracy of a sample again") {
  const tests::TempDir folder;
  Fixture fixture(folder);
  const SearchResult first = *fixture.Run();
  CHECK(fixture.Said("sampled"));
  Fixture again(folder);
  const SearchResult second = *again.Run();
  CHECK_FALSE(again.Said("sampled"));
  CHECK(second.samples == first.samples);
  CHECK(second.sample_error.rmse == Approx(first.sample_error.rmse));
  // Another protocol is another question.
  Fixture other(folder);
  other.options.sample_protocol.images = 20;
  REQUIRE(other.Run().ok());
  CHECK(other.Said("sampled"));
}

// Every look at it is an hour later.
class HurryingClock final : public base::Clock {
 public:
  base::TimePoint Now() const override { return now_ += std::chrono::hours(1); }

 private:
  mutable base::TimePoint now_{};
};

TEST_CASE("a search without time for any sample says what it lacks") {
  const tests::TempDir folder;
  Fixture fixture(folder);
  fixture.options.budget_seconds = 60;
  const HurryingClock clock;
  const auto result = Search(fixture.model, fixture.space, fixture.meter, fixture.options, clock,
                             [](const std::string&) {});
  REQUIRE(absl::IsInvalidArgument(result.status()));
  CHECK(result.status().ToString().find("samples") != std::string::npos);
}

TEST_CASE("a space of a few subnets is not searched") {
  const tests::TempDir folder;
  Fixture fixture(folder);
  Space space = fixture.space;
  space.architecture.depths = {2};
  space.architecture.kernels = {3};
  space.architecture.expands = {6};
  const auto result = Search(fixture.model, space, fixture.meter, fixture.options, fixture.clock,
                             [](const std::string&) {});
  REQUIRE(absl::IsInvalidArgument(result.status()));
  CHECK(result.status().ToString().find("only 3 subnets") != std::string::npos);
}

TEST_CASE("accuracy is the same each time, and depends on the statistics") {
  const tests::TempDir folder;
  const Fixture fixture(folder);
  const SubnetConfig config =
      Canonical(fixture.space, LargestSubnet(fixture.space.architecture, 20));
  const double accuracy = *fixture.meter.Measure(config, {16, 60});
  CHECK(accuracy >= 0.0);
  CHECK(accuracy <= 1.0);
  CHECK(*fixture.meter.Measure(config, {16, 60}) == accuracy);
  CHECK(absl::IsInvalidArgument(fixture.meter.Measure(config, {16, 0}).status()));
  SubnetConfig wrong = config;
  wrong.kernels.pop_back();
  CHECK(absl::IsInvalidArgument(fixture.meter.Measure(wrong, {16, 60}).status()));
}

}  // namespace
}  // namespace dynofa::tools::search
