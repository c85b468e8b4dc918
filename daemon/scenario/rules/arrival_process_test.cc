#include "daemon/scenario/rules/arrival_process.h"

#include <cmath>
#include <vector>

#include "tests/support/catch.h"

namespace dynofa::scenario {
namespace {

std::vector<double> Draw(ArrivalProcess& process, double until_s) {
  std::vector<double> times;
  for (auto next = process.Next(); next && *next < until_s; next = process.Next()) {
    times.push_back(*next);
  }
  return times;
}

TEST_CASE("periodic arrivals keep their beat, with jitter around it") {
  ArrivalProcess exact({.rate_hz = 4.0}, Random(1, 1));
  CHECK(Draw(exact, 1.1) == std::vector<double>{0.0, 0.25, 0.5, 0.75, 1.0});
  ArrivalProcess moved({.rate_hz = 10.0, .jitter_ms = 20.0}, Random(1, 1));
  const std::vector<double> times = Draw(moved, 100.0);
  CHECK(times.size() >= 999);
  bool any = false;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const double beat = 0.1 * static_cast<double>(i);
    CHECK(times[i] == Approx(beat).margin(0.0201));
    any = any || times[i] > beat + 0.01;
  }
  CHECK(any);
}

TEST_CASE("a new rate holds from its time on") {
  ArrivalProcess process({.rate_hz = 1.0}, Random(1, 1));
  CHECK(process.Next() == 0.0);
  CHECK(process.Next() == 1.0);
  CHECK(process.Next() == 2.0);
  process.SetRate(10.0, 1.5);
  CHECK(*process.Next() == Approx(1.5));
  CHECK(*process.Next() == Approx(1.6));
  process.SetRate(2.0, 1.6);
  CHECK(*process.Next() == Approx(2.1));
}

TEST_CASE("Poisson arrivals come at their rate, with the spread of a Poisson process") {
  ArrivalProcess process({.kind = Arrivals::Kind::kPoisson, .rate_hz = 20.0}, Random(3, 1));
  const std::vector<double> times = Draw(process, 1000.0);
  CHECK(static_cast<double>(times.size()) == Approx(20'000).epsilon(0.02));
  double squares = 0.0;
  for (std::size_t i = 1; i < times.size(); ++i) {
    const double gap = (times[i] - times[i - 1]) * 20.0 - 1.0;
    squares += gap * gap;
  }
  CHECK(squares / static_cast<double>(times.size()) == Approx(1.0).epsilon(0.05));
}

TEST_CASE("bursts have a rate of their own") {
  const Arrivals arrivals{.kind = Arrivals::Kind::kBursts,
                          .rate_hz = 2.0,
                          .burst_every_s = 10.0,
                          .burst_length_s = 1.0,
                          .burst_rate_hz = 50.0};
  CHECK(MeanRateHz(arrivals) == Approx(6.8));
  ArrivalProcess process(arrivals, Random(3, 1));
  int inside = 0;
  const std::vector<double> times = Draw(process, 1000.0);
  for (double time : times) inside += std::fmod(time, 10.0) < 1.0 ? 1 : 0;
  CHECK(static_cast<double>(inside) == Approx(5000).epsilon(0.05));
  CHECK(static_cast<double>(times.size()) == Approx(6800).epsilon(0.05));
}

TEST_CASE("a recording is played once, or again and again") {
  Arrivals arrivals{.kind = Arrivals::Kind::kRecorded, .times_s = {0.5, 0.5, 2.0}};
  ArrivalProcess once(arrivals, Random(1, 1));
  CHECK(Draw(once, 100.0) == std::vector<double>{0.5, 0.5, 2.0});
  arrivals.repeat_s = 3.0;
  ArrivalProcess again(arrivals, Random(1, 1));
  CHECK(Draw(again, 6.0) == std::vector<double>{0.5, 0.5, 2.0, 3.5, 3.5, 5.0});
}

}  // namespace
}  // namespace dynofa::scenario
