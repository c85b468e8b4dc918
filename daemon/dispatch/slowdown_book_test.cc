#include "daemon/dispatch/slowdown_book.h"

#include <chrono>
#include <string>
#include <thread>

#include "policies/cluster.h"
#include "tests/support/catch.h"

namespace dynofa::dispatch {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class BookFixture {
 protected:
  void Run(const std::string& subnet, double ratio, int runs = 1) {
    for (int i = 0; i < runs; ++i) {
      now_ += milliseconds(100);
      book_.Observe("cpu0", "net", subnet, 10.0, 10.0 * ratio, now_);
    }
  }

  double Of(const std::string& subnet) { return book_.Of("cpu0", "net", subnet, now_).slowdown; }
  SlowdownBook::View Read() { return book_.Read("cpu0", now_); }

  base::TimePoint now_{};
  SlowdownBook book_{{"cpu0", "gpu"}};
};

TEST_CASE_METHOD(BookFixture, "the loop and the request path have the same estimate") {
  CHECK(Read().slowdown == 1.0);
  CHECK(Of("s") == 1.0);
  for (int i = 0; i < 400; ++i) {
    Run("s", 1.4);
    Run("l", 1.6);
  }
  const SlowdownBook::View view = Read();
  REQUIRE(view.residuals.size() == 2);
  for (const auto& [subnet, truth] : {std::pair{"s", 1.4}, std::pair{"l", 1.6}}) {
    const double read = view.slowdown * view.residuals.at(policies::ResidualKey("net", subnet));
    CHECK(Of(subnet) == Approx(read));
    CHECK(read == Approx(truth).epsilon(0.02));
  }
  CHECK(Of("m") == Approx(view.slowdown));
  CHECK(book_.Read("gpu", now_).slowdown == 1.0);
}

TEST_CASE_METHOD(BookFixture, "the spread tells how far single runs are off") {
  CHECK(book_.Of("cpu0", "net", "s", now_).spread == 0.0);
  Run("s", 1.0, 300);
  CHECK(book_.Of("cpu0", "net", "s", now_).spread < 0.01);
  for (int i = 0; i < 150; ++i) {
    Run("s", 0.9);
    Run("s", 1.1);
  }
  CHECK(book_.Of("cpu0", "net", "s", now_).spread == Approx(0.1).epsilon(0.2));
}

TEST_CASE_METHOD(BookFixture, "a cluster without an executor is as profiled") {
  book_.Explain("npu", 3.0);
  book_.Restart("npu");
  book_.Observe("npu", "net", "s", 1.0, 5.0, now_);
  CHECK(book_.Of("npu", "net", "s", now_).slowdown == 1.0);
  CHECK(book_.Read("npu", now_).slowdown == 1.0);
}

TEST_CASE_METHOD(BookFixture, "before the first run the load of others is all that is known") {
  book_.Explain("cpu0", 2.0);
  CHECK(Read().slowdown == 2.0);
  CHECK(Of("s") == 2.0);
  Run("s", 2.0);
  CHECK(Read().slowdown == Approx(2.0));
}

TEST_CASE_METHOD(BookFixture,
                 "without runs the estimate fades to what the load of others explains") {
  Run("s", 1.0, 1000);
  Run("s", 3.0, 20);
  const double before = Read().slowdown;
  CHECK(before > 2.0);
  now_ += milliseconds(400);
  CHECK(Read().slowdown == Approx(before));
  book_.Explain("cpu0", 1.5);
  now_ += seconds(10);
  const double later = Read().slowdown;
  CHECK(later < before);
  CHECK(Of("m") == Approx(later));
  now_ += seconds(100);
  CHECK(Read().slowdown == Approx(1.5).epsilon(0.04));
  // The next run goes on from there.
  Run("m", 1.5);
  CHECK(Read().slowdown == Approx(1.5).epsilon(0.04));
}

TEST_CASE_METHOD(BookFixture, "without runs a profile stays as wrong as its cluster has shown") {
  Run("s", 1.3, 20);
  now_ += seconds(60);
  const double rest = Read().slowdown;
  CHECK(rest > 1.12);
  CHECK(rest < 1.3);
  CHECK(Of("m") == Approx(rest));
  SECTION("each visit shows more of it") {
    Run("s", 1.3, 40);
    now_ += seconds(60);
    CHECK(Read().slowdown > rest + 0.02);
  }
  SECTION("others slow it down on top of that, also at a jump of their load") {
    book_.Explain("cpu0", 2.0);
    CHECK(Read().slowdown > 1.8 * rest);
    book_.Restart("cpu0");
    CHECK(Read().slowdown == Approx(2.0 * rest).epsilon(0.02));
    CHECK(Of("m") == Approx(Read().slowdown));
    Run("s", 2.6, 50);
    book_.Explain("cpu0", 1.0);
    book_.Restart("cpu0");
    CHECK(Read().slowdown > rest);
    CHECK(Read().slowdown < 1.3);
  }
  SECTION("it is forgotten in the end: it may have been a neighbour") {
    now_ += seconds(1200);
    CHECK(Read().slowdown == Approx(1.0).epsilon(0.01));
    CHECK(Of("m") == Approx(Read().slowdown));
  }
  SECTION("another profile may be right") {
    book_.RestartAll();
    CHECK(Read().slowdown == 1.0);
    CHECK(Of("s") == 1.0);
  }
}

TEST_CASE_METHOD(BookFixture,
                 "a restart holds for both sides before another run, and keeps residuals") {
  for (int i = 0; i < 200; ++i) {
    Run("s", 0.9);
    Run("l", 1.1);
  }
  const double large = Read().residuals.at("net/l");
  book_.Explain("cpu0", 2.5);
  book_.Restart("cpu0");
  CHECK(Read().slowdown == Approx(2.5).epsilon(0.02));
  CHECK(Read().residuals.at("net/l") == large);
  CHECK(Of("l") == Approx(Read().slowdown * large));
  Run("l", 2.5 * large);
  CHECK(Read().slowdown == Approx(2.5).epsilon(0.02));
}

TEST_CASE_METHOD(BookFixture, "other profiles forget everything, on both sides") {
  for (int i = 0; i < 200; ++i) {
    Run("s", 1.4);
    Run("l", 1.6);
  }
  book_.RestartAll();
  CHECK(Read().slowdown == 1.0);
  CHECK(Read().residuals.empty());
  CHECK(Of("l") == 1.0);
}

TEST_CASE("one thread writes and another one reads and restarts, without a lock between them") {
  SlowdownBook book({"cpu0"});
  const base::TimePoint now{};
  constexpr int kRuns = 20000;
  std::thread runs([&] {
    for (int i = 0; i < kRuns; ++i) {
      book.Observe("cpu0", "net", std::to_string(i % 50), 1.0, 2.0, now);
    }
  });
  for (int i = 0; i < 2000; ++i) {
    book.Explain("cpu0", 2.0);
    if (i % 100 == 0) book.Restart("cpu0");
    if (i % 500 == 0) book.RestartAll();
    const SlowdownBook::View view = book.Read("cpu0", now);
    REQUIRE(view.slowdown >= 1.0);
    REQUIRE(view.slowdown <= 4.0);
  }
  runs.join();
  const double told = book.Of("cpu0", "net", "1", now).slowdown;
  const SlowdownBook::View view = book.Read("cpu0", now);
  CHECK(told == Approx(view.slowdown * view.residuals.at("net/1")));
  CHECK(told == Approx(2.0).epsilon(0.05));
}

}  // namespace
}  // namespace dynofa::dispatch
