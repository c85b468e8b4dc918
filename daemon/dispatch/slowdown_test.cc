#include "daemon/dispatch/slowdown.h"

#include <chrono>
#include <cmath>
#include <limits>
#include <string>

#include "tests/support/catch.h"

namespace dynofa::dispatch {
namespace {

TEST_CASE("the estimate moves to the ratio of measured over expected time") {
  Slowdown slowdown;
  CHECK(slowdown.value() == 1.0);
  for (int run = 0; run < 40; ++run) slowdown.Observe(10.0, 25.0);
  CHECK(slowdown.value() == Approx(2.5).epsilon(0.01));
  for (int run = 0; run < 40; ++run) slowdown.Observe(10.0, 10.0);
  CHECK(slowdown.value() == Approx(1.0).epsilon(0.01));
}

TEST_CASE("one stall counts for little, and nonsense not at all") {
  Slowdown slowdown;
  slowdown.Observe(1.0, 1e9);
  CHECK(slowdown.value() <= 1.0 + Slowdown::kWeight * (Slowdown::kMaxRatio - 1.0));
  const double before = slowdown.value();
  slowdown.Observe(0.0, 5.0);
  slowdown.Observe(5.0, std::numeric_limits<double>::quiet_NaN());
  CHECK(slowdown.value() == before);
}

TEST_CASE("the second surprise in a row is a step, also downwards") {
  Slowdown slowdown;
  slowdown.Observe(10.0, 20.0);
  CHECK(slowdown.value() < 1.2);
  slowdown.Observe(10.0, 20.0);
  CHECK(slowdown.value() > 1.6);
  slowdown.Restart(2.0);
  slowdown.Observe(10.0, 10.0);
  slowdown.Observe(10.0, 10.0);
  CHECK(slowdown.value() < 1.5);
}

class Worked {
 public:
  /// A run every 100 ms for so long.
  void Work(double beyond, double seconds) {
    for (int run = 0; run < std::lround(10.0 * seconds); ++run) {
      now += std::chrono::milliseconds(100);
      bias.Observe(beyond, now);
    }
  }
  double Now() const { return bias.At(now); }

  ProfileBias bias;
  base::TimePoint now = base::TimePoint() + std::chrono::seconds(1);
};

TEST_CASE("a profile's error is believed after some seconds of work, then more and more") {
  Worked worked;
  CHECK(worked.Now() == 1.0);
  worked.Work(1.4, 2.0);
  CHECK(worked.Now() > 1.2);
  CHECK(worked.Now() < 1.35);
  worked.Work(1.4, 60.0);
  CHECK(worked.Now() == Approx(1.4).epsilon(0.01));
  worked.Work(0.8, 1000.0);
  CHECK(worked.Now() == Approx(0.8).epsilon(0.05));
}

TEST_CASE("who comes after a long time of work is not taken for an error") {
  Worked worked;
  worked.Work(1.0, 120.0);
  worked.Work(3.0, 5.0);
  CHECK(worked.Now() < 1.1);
}

TEST_CASE("a single run after a pause, and runs of no time, are no long work") {
  Worked worked;
  worked.Work(1.0, 20.0);
  worked.now += std::chrono::seconds(60);
  worked.Work(3.0, 0.1);
  CHECK(worked.Now() < 1.05);
  const double before = worked.Now();
  for (int run = 0; run < 1000; ++run) worked.bias.Observe(3.0, worked.now);
  worked.bias.Observe(3.0, worked.now - std::chrono::seconds(5));
  CHECK(worked.bias.At(worked.now) == Approx(before).epsilon(0.05));
}

TEST_CASE("an error that is not seen any more is forgotten over minutes") {
  Worked worked;
  worked.Work(1.4, 60.0);
  worked.now += std::chrono::seconds(60);
  CHECK(worked.Now() > 1.3);
  worked.now += std::chrono::seconds(1500);
  CHECK(worked.Now() == Approx(1.0).epsilon(0.01));
  // What it shows then counts as at first.
  worked.Work(1.2, 2.0);
  CHECK(worked.Now() > 1.1);
}

TEST_CASE("what one subnet has beyond the others becomes its residual") {
  Slowdown cluster;
  SlowdownResiduals residuals;
  const auto run = [&](const std::string& subnet, double ratio) {
    residuals.Observe(subnet, 10.0, 10.0 * ratio, cluster.value() * 1.0);
    cluster.Observe(10.0, 10.0 * ratio / residuals.Of(subnet));
  };
  for (int i = 0; i < 400; ++i) {
    run("net/small", 1.4);
    run("net/large", 1.6);
  }
  CHECK(cluster.value() * residuals.Of("net/small") == Approx(1.4).epsilon(0.02));
  CHECK(cluster.value() * residuals.Of("net/large") == Approx(1.6).epsilon(0.02));
  CHECK(residuals.Of("net/other") == 1.0);
  residuals.Restart();
  CHECK(residuals.Of("net/large") == 1.0);
}

TEST_CASE("a residual counts only as far as it stands out from the spread of the runs") {
  SlowdownResiduals clear;
  SlowdownResiduals noisy;
  for (int i = 0; i < 200; ++i) {
    clear.Observe("net/s", 1.0, 1.1, 1.0);
    noisy.Observe("net/s", 1.0, i % 2 == 0 ? 1.4 : 0.8, 1.0);
  }
  CHECK(clear.Of("net/s") == Approx(1.1).epsilon(0.005));
  CHECK(noisy.Find("net/s")->factor == Approx(1.1).epsilon(0.02));
  CHECK(noisy.Of("net/s") == Approx(1.01).epsilon(0.01));
  CHECK(noisy.Find("net/m") == nullptr);
}

TEST_CASE("a residual is not believed from its first runs") {
  SlowdownResiduals residuals;
  for (int i = 0; i < 5; ++i) residuals.Observe("net/s", 1.0, 1.3, 1.0);
  CHECK(residuals.Of("net/s") < 1.02);
}

TEST_CASE("a residual stays a correction, and their number is bounded") {
  SlowdownResiduals residuals;
  for (int i = 0; i < 1000; ++i) residuals.Observe("net/s", 1.0, 1e9, 1.0);
  CHECK(residuals.Of("net/s") <= SlowdownResiduals::kMost);
  for (int i = 0; i < 1000; ++i) residuals.Observe("net/" + std::to_string(i), 1.0, 1.0, 1.0);
  CHECK(residuals.all().size() <= SlowdownResiduals::kMaxSubnets);
  residuals.Observe("net/s", 0.0, 1.0, 1.0);
  residuals.Observe("net/s", 1.0, 1.0, 0.0);
  CHECK(residuals.Of("net/s") <= SlowdownResiduals::kMost);
}

}  // namespace
}  // namespace dynofa::dispatch
