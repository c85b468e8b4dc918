// How well the slow-down is followed, against the yardsticks: ALERT's Kalman filter and a plain
// mean. The sequences are seeded: levels, steps, noise and stalls as an edge board shows them.
// `dispatch_test -s "the slow-down*"` prints the tables of docs/decisions/0014.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "daemon/dispatch/slowdown.h"
#include "daemon/dispatch/slowdown_book.h"
#include "tests/support/catch.h"

namespace dynofa::dispatch {
namespace {

/// The scalar Kalman filter with adaptive process noise of ALERT (Wan et al., USENIX ATC 2020): the
/// state is the one slow-down factor, the process noise follows the squared innovation with the
/// forgetting factor 0.3 and is at least 0.1, the measurement noise is 0.001. The constants are
/// those by which the filter is known; no code of it is published to check them against.
class AlertFilter {
 public:
  void Observe(double ratio) {
    const double innovation = ratio - mean_;
    process_ = std::max(kLeastProcess, kForget * process_ +
                                           (1.0 - kForget) * gain_ * gain_ * previous_ * previous_);
    const double prior = (1.0 - gain_) * variance_ + process_;
    gain_ = prior / (prior + kMeasurement);
    variance_ = prior;
    mean_ += gain_ * innovation;
    previous_ = innovation;
  }
  double value() const { return mean_; }

 private:
  static constexpr double kForget = 0.3;
  static constexpr double kLeastProcess = 0.1;
  static constexpr double kMeasurement = 0.001;
  double mean_ = 1.0;
  double variance_ = 0.1;
  double process_ = 0.1;
  double gain_ = 0.5;
  double previous_ = 0.0;
};

class PlainMean {
 public:
  explicit PlainMean(double weight) : weight_(weight) {}
  void Observe(double ratio) { value_ += weight_ * (ratio - value_); }
  double value() const { return value_; }

 private:
  const double weight_;
  double value_ = 1.0;
};

class Chosen {
 public:
  void Observe(double ratio) { slowdown_.Observe(1.0, ratio); }
  double value() const { return slowdown_.value(); }

 private:
  Slowdown slowdown_;
};

/// The true factor of each run and what is measured of it.
struct Sequence {
  std::string name;
  std::vector<double> truth;
  std::vector<double> measured;
};

/// `levels`: the truth steps from one to the next every 60 runs. Noise is relative; a stall makes
/// a single run three times as long.
Sequence Make(const std::string& name, const std::vector<double>& levels, double noise,
              double stalls) {
  std::mt19937_64 random(20);
  const auto uniform = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  Sequence sequence{name, {}, {}};
  for (const double level : levels) {
    for (int run = 0; run < 60; ++run) {
      // Twelve uniform ones make a normal one, the same everywhere.
      double normal = -6.0;
      for (int i = 0; i < 12; ++i) normal += uniform();
      const double stall = uniform() < stalls ? 3.0 : 1.0;
      sequence.truth.push_back(level);
      sequence.measured.push_back(level * (1.0 + noise * normal) * stall);
    }
  }
  return sequence;
}

std::vector<Sequence> Sequences() {
  const std::vector<double> steady(10, 1.3);
  const std::vector<double> steps = {1.0, 2.0, 1.0, 1.5, 3.0, 1.2, 1.0, 2.5, 1.0, 1.8};
  return {
      Make("steady, 3 % noise", steady, 0.03, 0.0),
      Make("steady, 10 % noise", steady, 0.10, 0.0),
      Make("steady, 3 % noise, 5 % stalls", steady, 0.03, 0.05),
      Make("steps, 3 % noise", steps, 0.03, 0.0),
      Make("steps, 10 % noise", steps, 0.10, 0.0),
      Make("steps, 3 % noise, 5 % stalls", steps, 0.03, 0.05),
  };
}

/// Mean absolute error of the prediction of each next run's factor, as a share of it.
template <typename Estimator>
double ErrorOf(Estimator estimator, const Sequence& sequence) {
  double error = 0.0;
  for (std::size_t i = 0; i < sequence.truth.size(); ++i) {
    error += std::abs(estimator.value() - sequence.truth[i]) / sequence.truth[i];
    estimator.Observe(sequence.measured[i]);
  }
  return error / static_cast<double>(sequence.truth.size());
}

/// Runs after a step from 1 to 2 until the estimate stays within 10 %.
template <typename Estimator>
int RunsToFollow(Estimator estimator) {
  for (int run = 0; run < 50; ++run) estimator.Observe(1.0);
  int last_off = 0;
  for (int run = 1; run <= 50; ++run) {
    estimator.Observe(2.0);
    if (std::abs(estimator.value() - 2.0) > 0.2) last_off = run;
  }
  return last_off + 1;
}

TEST_CASE("the slow-down is followed better than by the yardsticks, over all sequences") {
  double chosen = 0.0;
  double alert = 0.0;
  double mean = 0.0;
  std::string table;
  for (const Sequence& sequence : Sequences()) {
    const double errors[] = {ErrorOf(Chosen(), sequence), ErrorOf(AlertFilter(), sequence),
                             ErrorOf(PlainMean(0.2), sequence)};
    char line[128];
    std::snprintf(line, sizeof line, "%-31s %6.2f %% %6.2f %% %6.2f %%\n", sequence.name.c_str(),
                  100.0 * errors[0], 100.0 * errors[1], 100.0 * errors[2]);
    table += line;
    chosen += errors[0];
    alert += errors[1];
    mean += errors[2];
  }
  INFO("mean error:                    chosen    ALERT  mean 0.2\n" << table);
  CHECK(chosen < alert);
  CHECK(chosen < mean);
}

/// What is measured of a sequence when its runs are of three subnets in turn, now and then, each of
/// which is off by a share of its own.
struct Mixed {
  Sequence sequence;
  std::vector<std::size_t> subnets;
};

Mixed Mix(Sequence sequence, const std::vector<double>& biases) {
  std::mt19937_64 random(21);
  Mixed mixed{std::move(sequence), {}};
  for (std::size_t i = 0; i < mixed.sequence.truth.size(); ++i) {
    const std::size_t subnet = (random() >> 11) % biases.size();
    mixed.subnets.push_back(subnet);
    mixed.sequence.truth[i] *= biases[subnet];
    mixed.sequence.measured[i] *= biases[subnet];
  }
  return mixed;
}

/// As ErrorOf, of what the book tells of the subnet that comes next.
double ErrorOfBook(const Mixed& mixed) {
  SlowdownBook book({"cpu0"});
  const base::TimePoint now{};
  double error = 0.0;
  for (std::size_t i = 0; i < mixed.subnets.size(); ++i) {
    const std::string subnet = std::to_string(mixed.subnets[i]);
    const double truth = mixed.sequence.truth[i];
    error += std::abs(book.Of("cpu0", "net", subnet, now).slowdown - truth) / truth;
    book.Observe("cpu0", "net", subnet, 1.0, mixed.sequence.measured[i], now);
  }
  return error / static_cast<double>(mixed.subnets.size());
}

TEST_CASE("the slow-down of each subnet is told better with residuals, where subnets differ") {
  std::string table;
  for (const bool differ : {false, true}) {
    const std::vector<double> biases =
        differ ? std::vector{0.9, 1.0, 1.25} : std::vector{1.0, 1.0, 1.0};
    for (const Sequence& sequence : Sequences()) {
      const Mixed mixed = Mix(sequence, biases);
      const double book = ErrorOfBook(mixed);
      const double alone = ErrorOf(Chosen(), mixed.sequence);
      const double alert = ErrorOf(AlertFilter(), mixed.sequence);
      char line[128];
      std::snprintf(line, sizeof line, "%-31s %-6s %6.2f %% %6.2f %% %6.2f %%\n",
                    sequence.name.c_str(), differ ? "differ" : "alike", 100.0 * book, 100.0 * alone,
                    100.0 * alert);
      table += line;
      INFO(line);
      if (differ) CHECK(book < std::min(alone, alert));
      // Where there is nothing to tell apart they cost little.
      if (!differ) CHECK(book < alone + 0.01);
    }
  }
  INFO("mean error:                            book  one factor  ALERT\n" << table);
  CHECK_FALSE(table.empty());
}

TEST_CASE("a step is followed within three runs, as ALERT's filter does nearly at once") {
  INFO("chosen " << RunsToFollow(Chosen()) << ", ALERT " << RunsToFollow(AlertFilter())
                 << ", mean of weight 0.2 " << RunsToFollow(PlainMean(0.2)));
  CHECK(RunsToFollow(Chosen()) <= 4);
  CHECK(RunsToFollow(Chosen()) < RunsToFollow(PlainMean(0.2)));
}

}  // namespace
}  // namespace dynofa::dispatch
