#include "daemon/manager/cluster_tracker.h"

#include <string>

#include "tests/support/catch.h"
#include "tests/support/fake_board.h"

namespace dynofa::manager {
namespace {

class TrackerFixture {
 protected:
  TrackerFixture() { tracker_.SetBoard(tests::TwoClusters()->info); }

  /// A reading of cpu0 alone.
  bool Read(hardware::ClusterReading reading) {
    reading.cluster = "cpu0";
    hardware::BoardReading board;
    board.clusters.push_back(std::move(reading));
    return tracker_.Update(board);
  }
  /// The answer to a setting of cpu0: what was asked for, what came of it and why.
  void Answer(std::int64_t asked_khz, std::int64_t effective_khz, const std::string& limited_by,
              const absl::Status& status = absl::OkStatus()) {
    tracker_.Update(hardware::ApplyResult{{{.cluster = "cpu0",
                                            .status = status,
                                            .requested = {"cpu0", "", asked_khz, asked_khz},
                                            .effective = {"cpu0", "", effective_khz, effective_khz},
                                            .limited_by = limited_by}}});
  }
  std::string LimitedBy() const { return tracker_.Views({})[0].limited_by; }

  dispatch::SlowdownBook slowdowns_{{"cpu0", "cpu2"}};
  ClusterTracker tracker_{slowdowns_};
};

TEST_CASE_METHOD(TrackerFixture, "A limit that a setting heeds is shown before the next reading") {
  const hardware::ClusterReading hot{
      .min_khz = 1000000, .max_khz = 1000000, .limit_khz = 1000000, .limited_by = "thermal"};
  Read(hot);
  CHECK(LimitedBy() == "thermal");
  Answer(1000000, 1000000, "");
  CHECK(LimitedBy() == "thermal");
  Read(hot);
  CHECK(LimitedBy() == "thermal");
  Read({.min_khz = 1000000, .max_khz = 1000000});
  CHECK(LimitedBy().empty());
}

TEST_CASE_METHOD(TrackerFixture, "What a setting has put right is not shown any longer") {
  // No limit, but a governor or minimum that somebody else has set.
  Read({.min_khz = 500000, .max_khz = 2000000, .limited_by = "foreign-writer"});
  CHECK(LimitedBy() == "foreign-writer");
  Answer(1000000, 1000000, "");
  CHECK(LimitedBy().empty());
}

TEST_CASE_METHOD(TrackerFixture, "What a setting came to is shown as long as it stays so") {
  Answer(1900000, 1000000, "clamped");
  CHECK(LimitedBy() == "clamped");
  Read({.min_khz = 1000000, .max_khz = 1000000});
  CHECK(LimitedBy() == "clamped");
  Read({.min_khz = 1000000, .max_khz = 1000000, .limit_khz = 1000000, .limited_by = "thermal"});
  CHECK(LimitedBy() == "thermal");
  Read({.min_khz = 500000, .max_khz = 2000000});
  CHECK(LimitedBy().empty());
}

TEST_CASE_METHOD(TrackerFixture, "A refusal is shown until a setting is taken") {
  const hardware::ClusterReading reading{.min_khz = 500000, .max_khz = 2000000};
  Read(reading);
  Answer(1000000, 2000000, "", absl::UnavailableError("scaling_max_freq: EBUSY"));
  CHECK(LimitedBy() == "scaling_max_freq: EBUSY");
  Read(reading);
  CHECK(LimitedBy() == "scaling_max_freq: EBUSY");
  Answer(1000000, 1000000, "");
  CHECK(LimitedBy().empty());
}

TEST_CASE_METHOD(TrackerFixture, "A device that is away keeps no refusal") {
  Answer(1000000, 0, "", absl::UnavailableError("no such device"));
  CHECK_FALSE(tracker_.IsAway("cpu0"));
  CHECK(Read({.available = false}));
  CHECK(tracker_.IsAway("cpu0"));
  CHECK(LimitedBy().empty());
  // Its knobs can be read again, and still something keeps it from being used.
  CHECK(Read({.available = false, .min_khz = 500000, .max_khz = 2000000}));
  CHECK_FALSE(tracker_.IsAway("cpu0"));
  CHECK(LimitedBy().empty());
}

TEST_CASE_METHOD(TrackerFixture, "Power at rest is that of a clock that nobody drives") {
  const auto rest_w = [&] { return tracker_.States({})[0].rest_power_w; };
  Read({.min_khz = 500000, .max_khz = 2000000, .static_power_w = 0.2});
  CHECK(rest_w() == 0.2);
  Read({.min_khz = 2000000, .max_khz = 2000000, .static_power_w = 0.5});
  CHECK(rest_w() == 0.2);
  // Others have taken the cluster, and its governor follows them.
  Read({.available = false, .min_khz = 500000, .max_khz = 2000000, .static_power_w = 0.6});
  CHECK(rest_w() == 0.2);
}

}  // namespace
}  // namespace dynofa::manager
