#include "daemon/manager/profile_results.h"

#include "tests/support/catch.h"

namespace dynofa::manager {
namespace {

TEST_CASE("disturbed runs count only where hardly any other one is left") {
  CellResult result;
  result.Add({.clean_ms = {1.0, 2.0, 3.0}, .disturbed_ms = {50.0, 60.0}});
  CHECK(EntryOf(result, std::nullopt)->latency_ms.count == 5);
  result.Add({.clean_ms = {4.0, 5.0}, .disturbed_ms = {70.0}});
  const auto entry = EntryOf(result, std::nullopt);
  CHECK(entry->latency_ms.count == 5);
  CHECK(entry->latency_ms.median == 3.0);
  CHECK(entry->latency_ms.p90 == 5.0);
}

TEST_CASE("without a run that counts there is no entry") {
  CellResult result;
  CHECK_FALSE(EntryOf(result, std::nullopt));
  result.Add({.evidence = policies::Evidence::kEmulated, .overruns = 25});
  CHECK_FALSE(EntryOf(result, std::nullopt));
  result.Add({.clean_ms = {0.0, 0.0}});
  CHECK_FALSE(EntryOf(result, std::nullopt));
}

TEST_CASE("a turn of overruns alone does not change whose times the others are") {
  CellResult result;
  result.Add({.clean_ms = {5.0}, .evidence = policies::Evidence::kEmulated});
  result.Add({.overruns = 5});
  CHECK(EntryOf(result, std::nullopt)->latency_evidence == policies::Evidence::kEmulated);
}

TEST_CASE("power needs both readings, and is above idle or not there") {
  CellResult result;
  result.Add({.clean_ms = {5.0}});
  result.power_w = 3.5;
  CHECK(*EntryOf(result, 2.0)->active_power_w == Approx(1.5));
  CHECK_FALSE(EntryOf(result, std::nullopt)->active_power_w);
  CHECK_FALSE(EntryOf(result, 3.6)->active_power_w);
  result.power_w.reset();
  CHECK_FALSE(EntryOf(result, 2.0)->active_power_w);
}

TEST_CASE("a setting holds when both limits are read back as asked for") {
  hardware::SettingOutcome outcome{.cluster = "cpu0",
                                   .effective = {.min_khz = 1000000, .max_khz = 1000000}};
  CHECK(Refusal(outcome, 1000000).empty());
  outcome.effective.min_khz = 500000;
  outcome.limited_by = "clamped";
  CHECK(Refusal(outcome, 1000000) ==
        "the frequency cannot be set: the board holds 500000 to 1000000 kHz (clamped)");
  outcome.status = absl::PermissionDeniedError("not yours");
  CHECK(Refusal(outcome, 1000000) == "the frequency cannot be set: not yours");
}

TEST_CASE("a clock is held below by a limit, or by who is named for its maximum") {
  hardware::ClusterReading reading{.cluster = "cpu0", .max_khz = 800000};
  // A reading from before the setting is no limit.
  CHECK(HeldBelow(reading, 1000000).empty());
  reading.limited_by = "foreign-writer";
  CHECK(HeldBelow(reading, 1000000) == "the clock is held at 800000 kHz (foreign-writer)");
  CHECK(HeldBelow(reading, 800000).empty());
  reading.limit_khz = 600000;
  reading.limited_by = "thermal";
  CHECK(HeldBelow(reading, 1000000) == "the clock is held at 600000 kHz (thermal)");
}

}  // namespace
}  // namespace dynofa::manager
