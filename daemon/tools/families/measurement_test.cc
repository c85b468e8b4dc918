#include "daemon/tools/families/measurement.h"

#include <string>

#include "tests/support/catch.h"

namespace dynofa::tools::families {
namespace {

// Small images and narrow networks: a subject, and a baseline with a network that the subject's
// family has, too.
constexpr char kSmall[] = R"(
[[family]]
name = "Subject"
paper = "p"
source = "s"
subject = true
graph = "ofa-mobilenetv3"
shares = "weights and scales"
[[family.member]]
id = "small"
top1 = 70
width = 0.35
resolution = 32
kernels = [3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3]
expands = [3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3]
depths = [2, 2, 2, 2, 2]

[[family]]
name = "Baseline"
paper = "p"
source = "s"
graph = "mobilenet-v2"
shares = "weights"
member = [
  { id = "narrow", top1 = 60, width = 0.35, resolution = 32 },
  { id = "wide", top1 = 70, width = 0.5, resolution = 40 },
]

[[family]]
name = "Twin"
paper = "p"
source = "s"
graph = "mobilenet-v2"
shares = "weights"
member = [{ id = "twin", top1 = 65, width = 0.35, resolution = 32 }]
)";

absl::StatusOr<Measurement> MeasureSmall() {
  const auto table = base::TomlTable::Parse(kSmall, "small.toml");
  MeasurementOptions options;
  // Two would spin against each other where the machine is busy.
  options.threads = {1};
  options.timing = {.rounds = 2, .runs_per_round = 1};
  options.check = true;
  options.progress = [](const std::string&) {};
  return Measure(ReadFamilies(*table).value(), options);
}

}  // namespace

TEST_CASE("Networks are checked against libtorch, timed and compared") {
  const auto measurement = MeasureSmall();
  INFO(measurement.status().ToString());
  REQUIRE(measurement.ok());
  REQUIRE(measurement->families.size() == 3);
  for (const MeasuredFamily& measured : measurement->families) {
    REQUIRE(measured.ms.size() == measured.family.members.size());
    for (const std::vector<Spread>& ms : measured.ms) {
      REQUIRE(ms.size() == 1);
      CHECK(ms[0].low > 0.0);
      CHECK(ms[0].low <= ms[0].median);
      CHECK(ms[0].median <= ms[0].high);
    }
  }
  REQUIRE(measurement->largest_difference.has_value());
  CHECK(*measurement->largest_difference > 0.0);
  CHECK(*measurement->largest_difference < 1e-3);

  REQUIRE(measurement->contests.size() == 2);
  const Contest& contest = measurement->contests.front();
  CHECK(contest.subject == 0);
  CHECK(contest.baseline == 1);
  CHECK(contest.published_gpu.empty());
  REQUIRE(contest.measured.size() == 1);
  REQUIRE(contest.measured[0].size() == 2);
  CHECK_FALSE(contest.measured[0][0].speedup);
  CHECK(contest.measured[0][1].speedup);

  // One graph is measured once, whatever families it is in.
  CHECK(measurement->families[2].ms[0][0].median == measurement->families[1].ms[0][0].median);
  // The largest network of each graph that is no supernet: "wide", and the twins' one.
  CHECK(measurement->folding.size() == 2);
  CHECK(measurement->conditions.useful_share > 0.0);
}

}  // namespace dynofa::tools::families
