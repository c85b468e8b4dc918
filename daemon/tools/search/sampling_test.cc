#include "daemon/tools/search/sampling.h"

#include <atomic>
#include <set>
#include <string>

#include "daemon/tools/search/tiny_space_testing.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::tools::search {
namespace {

// Counts what is measured; the accuracy follows from the resolution.
class FakeMeter {
 public:
  SamplingHooks Hooks(int most = 1 << 30) {
    return {.measure = [this](const SubnetConfig& config) -> absl::StatusOr<double> {
              ++measured_;
              return config.resolution / 100.0;
            },
            .progress = [this](std::size_t done, std::size_t) { done_ = done; },
            .go_on = [this, most] { return measured_ < most; }};
  }
  int measured() const { return measured_; }
  std::size_t done() const { return done_; }

 private:
  std::atomic<int> measured_{0};
  std::size_t done_ = 0;
};

TEST_CASE("a sample has different subnets, the extremes first, and grows at its end") {
  const Space space = TinySpace();
  const std::vector<SubnetConfig> large = DrawSample(space, 100, 1);
  REQUIRE(large.size() == 100);
  std::set<std::string> texts;
  for (const SubnetConfig& config : large) texts.insert(Text(config));
  CHECK(texts.size() == 100);
  CHECK(Text(large[0]) == Text(LargestSubnet(space.architecture, 16)));
  const std::vector<SubnetConfig> small = DrawSample(space, 40, 1);
  for (std::size_t i = 0; i < small.size(); ++i) CHECK(Text(small[i]) == Text(large[i]));
  CHECK(Text(DrawSample(space, 40, 2)[20]) != Text(small[20]));
}

TEST_CASE("a space with few subnets gives what it has") {
  Space space = TinySpace();
  space.architecture.kernels = {3};
  space.architecture.expands = {3};
  space.resolutions = {16};
  CHECK(DrawSample(space, 100, 1).size() == 4);  // two depths in each of two stages
}

TEST_CASE("what is in the log is not measured again") {
  const tests::TempDir folder;
  const std::vector<SubnetConfig> configs = DrawSample(TinySpace(), 20, 1);
  FakeMeter stopped;
  FigureLog log = *FigureLog::Open(folder / "log");
  const auto some = *MeasureAll(configs, 1, stopped.Hooks(8), log);
  CHECK(some.size() == 8);  // out of time after the eighth

  FigureLog again = *FigureLog::Open(folder / "log");
  CHECK(again.figures().size() == 8);
  FakeMeter resumed;
  const auto all = *MeasureAll(configs, 3, resumed.Hooks(), again);
  CHECK(resumed.measured() == 12);
  CHECK(resumed.done() == 12);
  REQUIRE(all.size() == 20);
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(Text(all[i].config) == Text(configs[i]));
    CHECK(all[i].accuracy == Approx(configs[i].resolution / 100.0));
  }
}

TEST_CASE("the first error ends the measurements and is returned") {
  const tests::TempDir folder;
  FigureLog log = *FigureLog::Open(folder / "log");
  int calls = 0;
  const SamplingHooks hooks{.measure = [&](const SubnetConfig&) -> absl::StatusOr<double> {
                              if (++calls == 3) return absl::InternalError("broken");
                              return 0.5;
                            },
                            .progress = [](std::size_t, std::size_t) {},
                            .go_on = [] { return true; }};
  const auto result = MeasureAll(DrawSample(TinySpace(), 20, 1), 1, hooks, log);
  CHECK(absl::IsInternal(result.status()));
  CHECK(calls == 3);
  CHECK(log.figures().size() == 2);
}

TEST_CASE("a log that is no log is refused with file and line") {
  const tests::TempDir folder;
  for (const std::string bad : {"0.5 a\nnonsense\n", "0.5 a\n-0.5 b\n", "0.5 a\ninf b\n",
                                "0.5 a\n0.7\n", "0.5 a\nnan b\n"}) {
    const auto log = FigureLog::Open(folder.Write("log", bad));
    REQUIRE(absl::IsInvalidArgument(log.status()));
    CHECK(log.status().ToString().find("log:2") != std::string::npos);
  }
  CHECK((*FigureLog::Open(folder / "none")).figures().empty());
}

}  // namespace
}  // namespace dynofa::tools::search
