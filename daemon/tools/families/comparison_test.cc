#include "daemon/tools/families/comparison.h"

#include <algorithm>
#include <string>

#include "daemon/tools/families/family.h"
#include "tests/support/catch.h"

namespace dynofa::tools::families {
TEST_CASE("Speed at equal accuracy and accuracy at equal speed") {
  const Series subject{{70, 74}, {{10}, {20}}};
  const Series baseline{{72, 60, 76, 71}, {{30}, {5}, {12}, {15}}};
  const std::vector<Match> matches = Compare(subject, baseline);
  REQUIRE(matches.size() == 4);

  CHECK(matches[0].speedup->median == Approx(2.0));
  CHECK(matches[0].real_speedup->member == 1);
  CHECK(matches[0].real_speedup->value.median == Approx(1.5));
  CHECK(matches[0].gain->median == Approx(2.0));
  CHECK(matches[0].real_gain->member == 1);

  // Less accurate and faster than anything of the subject.
  CHECK_FALSE(matches[1].speedup);
  CHECK(matches[1].real_speedup->member == 0);
  CHECK(matches[1].real_speedup->value.median == Approx(0.5));
  CHECK_FALSE(matches[1].gain);
  CHECK_FALSE(matches[1].real_gain);

  // More accurate than anything of the subject.
  CHECK_FALSE(matches[2].speedup);
  CHECK_FALSE(matches[2].real_speedup);
  CHECK(matches[2].gain->median == Approx(70.8 - 76));

  CHECK(matches[3].real_gain->member == 0);
  CHECK(matches[3].real_gain->value.median == Approx(-1));
}

TEST_CASE("Ratios are taken within a round, so that a slow round changes nothing") {
  const Series subject{{70, 74}, {{10, 100, 10}, {20, 200, 20}}};
  const Series baseline{{74}, {{30, 300, 33}}};
  const Match match = Compare(subject, baseline).front();
  CHECK(match.speedup->median == Approx(1.5));
  CHECK(match.speedup->low == Approx(1.5));
  CHECK(match.speedup->high == Approx(1.65));
}

TEST_CASE("The largest match is found, and none where there is none") {
  const Series subject{{70, 74}, {{10}, {20}}};
  const std::vector<Match> matches = Compare(subject, {{70, 72, 60}, {{11}, {30}, {50}}});
  CHECK(LargestSpeedup(matches)->member == 1);
  CHECK(LargestRealSpeedup(matches)->member == 2);
  CHECK(LargestGain(matches)->member == 2);
  const std::vector<Match> none = Compare(subject, {{80}, {{5}}});
  CHECK(LargestSpeedup(none) == nullptr);
  CHECK(LargestRealSpeedup(none) == nullptr);
  CHECK(LargestGain(none) == nullptr);
}

TEST_CASE("The published points give the published claims") {
  const std::vector<Family> families = BuiltInFamilies().value();
  const auto find = [&](const std::string& name) -> const Family& {
    return *std::find_if(families.begin(), families.end(),
                         [&](const Family& family) { return family.name == name; });
  };
  const Family& subject = find("Dynamic-OFA");
  const Family& baseline = find("AutoSlim-MNasNet");
  const auto gpu = ComparePublished(subject.figure_gpu, baseline.figure_gpu);
  const auto cpu = ComparePublished(subject.figure_cpu, baseline.figure_cpu);
  // 2.4x and 3.5x; the points were read off a figure.
  CHECK(LargestSpeedup(gpu)->speedup->median == Approx(2.40).margin(0.01));
  CHECK(LargestSpeedup(cpu)->speedup->median == Approx(3.46).margin(0.01));
  // +5.1 and +3.8 points; for the latter the paper takes a network that is 2.8 % slower.
  CHECK(gpu[0].real_gain->value.median == Approx(5.15).margin(0.01));
  CHECK(cpu[1].gain->median == Approx(3.67).margin(0.01));
}

}  // namespace dynofa::tools::families
