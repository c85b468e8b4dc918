#include "daemon/manager/request_path.h"

#include <atomic>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/fake_model.h"
#include "tests/support/fake_supernet.h"

namespace dynofa::manager {
namespace {

using std::chrono::milliseconds;

constexpr auto kPatience = std::chrono::seconds(20);

/// Lets runs pass only while it is open.
class Gate {
 public:
  void Open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void Pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  bool AwaitArrival() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [this] { return waiting_ > 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int waiting_ = 0;
};

class GatedExecutor final : public engine::Executor {
 public:
  explicit GatedExecutor(Gate& gate) : gate_(gate) {}

  absl::StatusOr<engine::RunResult> Run(engine::Supernet&, const engine::PreparedSubnet&,
                                        const engine::Tensor&,
                                        const engine::RunSettings&) override {
    gate_.Pass();
    engine::RunResult result;
    result.output.shape = {1, 2};
    result.output.bytes.resize(8);
    result.compute = milliseconds(3);
    return result;
  }

 private:
  Gate& gate_;
};

/// Says that its runs of "l" are slower than expected; those that are asked about may be stopped.
class SlowExecutor final : public engine::Executor {
 public:
  SlowExecutor(const std::atomic<double>& slower, double expected_ms)
      : slower_(slower), expected_ms_(expected_ms) {}

  absl::StatusOr<engine::RunResult> Run(engine::Supernet&, const engine::PreparedSubnet&,
                                        const engine::Tensor&,
                                        const engine::RunSettings& settings) override {
    engine::RunResult result;
    result.output.shape = {1, 2};
    result.output.bytes.resize(8);
    result.compute = base::FromMs(expected_ms_ / 2.0);
    if (!settings.go_on) return result;
    const base::Duration whole = base::FromMs(slower_ * expected_ms_);
    for (int part = 1; part < 32; ++part) {
      if (whole * part / 32 < settings.ask_after) continue;
      if (!settings.go_on(whole * part / 32, part / 32.0)) return absl::AbortedError("stopped");
    }
    result.compute = whole;
    return result;
  }

 private:
  const std::atomic<double>& slower_;
  const double expected_ms_;
};

dispatch::Route RouteOn(const std::string& cluster) {
  dispatch::Route route;
  route.model = "net";
  route.cluster = cluster;
  route.frequency_khz = 1000000;
  constexpr auto kEmulated = policies::Evidence::kEmulated;
  route.ladder = {{"s", 4.0, 0.70, 1.0, 1, kEmulated},
                  {"m", 8.0, 0.76, 1.0, 1, kEmulated},
                  {"l", 16.0, 0.80, 2.0, 1, kEmulated}};
  route.ceiling = 2;
  route.uid = 1000;
  return route;
}

class RequestPathFixture {
 protected:
  RequestPathFixture() {
    std::vector<ClusterExecutor> executors;
    executors.push_back({"cpu0", {}, {1, 2}, std::make_unique<GatedExecutor>(gate_)});
    executors.push_back({"cpu2", {}, {1}, std::make_unique<GatedExecutor>(gate2_)});
    RequestPathOptions options;
    options.executor_nice = 0;
    options.on_miss = [this] { ++misses_; };
    options.on_first = [this] { ++firsts_; };
    options.pause = std::chrono::hours(1);
    path_ = *RequestPath::Create(options, clock_, outcomes_, slowdowns_,
                                 {std::make_shared<tests::FakeSupernet>(tests::NetInfo())},
                                 std::move(executors));
    Publish("cpu0");
  }

  ~RequestPathFixture() {
    gate_.Open();
    gate2_.Open();
  }

  void Publish(const std::string& cluster) {
    auto table = std::make_shared<dispatch::RoutingTable>();
    table->defaults["net"] = RouteOn(cluster);
    table->sessions["a"] = RouteOn(cluster);
    path_->SetRoutes(std::move(table));
  }

  static InferenceRequest Request(const std::string& session = "a") {
    InferenceRequest request;
    request.session = session;
    request.model = "net";
    request.caller.uid = 1000;
    request.input.type = engine::DataType::kUint8;
    request.input.shape = {2, 2, 3};
    request.input.bytes.resize(12);
    return request;
  }

  struct Answer {
    absl::StatusOr<std::uint64_t> id;
    std::future<absl::StatusOr<InferenceReply>> reply;
  };

  Answer Submit(InferenceRequest request) {
    auto promise = std::make_shared<std::promise<absl::StatusOr<InferenceReply>>>();
    auto reply = promise->get_future();
    auto id = path_->Submit(std::move(request),
                            [promise](auto result) { promise->set_value(std::move(result)); });
    return {std::move(id), std::move(reply)};
  }

  static absl::StatusOr<InferenceReply> Await(Answer& answer) {
    REQUIRE(answer.id.ok());
    REQUIRE(answer.reply.wait_for(kPatience) == std::future_status::ready);
    return answer.reply.get();
  }

  std::future<absl::StatusOr<Measurement>> Measure(const MeasureOrder& order) {
    auto promise = std::make_shared<std::promise<absl::StatusOr<Measurement>>>();
    auto result = promise->get_future();
    path_->Measure(order, [promise](auto measurement) { promise->set_value(measurement); });
    return result;
  }

  static absl::StatusOr<Measurement> Await(std::future<absl::StatusOr<Measurement>>& result) {
    REQUIRE(result.wait_for(kPatience) == std::future_status::ready);
    return result.get();
  }

  base::SteadyClock clock_;
  OutcomeRing outcomes_{64};
  dispatch::SlowdownBook slowdowns_{{"cpu0", "cpu2"}};
  std::atomic<int> misses_{0};
  std::atomic<int> firsts_{0};
  Gate gate_, gate2_;
  std::promise<void> release_;
  std::future<void> waiting_done_ = release_.get_future();
  std::unique_ptr<RequestPath> path_;
};

TEST_CASE_METHOD(RequestPathFixture, "a request runs and its reply tells how") {
  gate_.Open();
  Answer answer = Submit(Request());
  const auto reply = Await(answer);
  REQUIRE(reply.ok());
  CHECK(reply->subnet == "l");
  CHECK(reply->level == 2);
  CHECK(reply->cluster == "cpu0");
  CHECK(reply->frequency_khz == 1000000);
  CHECK(reply->compute_ms == Approx(3.0));
  CHECK(*reply->energy_mj == Approx(6.0));
  CHECK(reply->energy_evidence == policies::Evidence::kEmulated);
  CHECK(reply->accuracy_evidence == policies::Evidence::kMeasured);
  const auto outcome = outcomes_.Pop();
  REQUIRE(outcome.has_value());
  CHECK(outcome->session == "a");
}

/// A path with times so long that those of this machine do not matter: 9 minutes of 10 for "l".
class SlowPath {
 public:
  SlowPath() {
    std::vector<ClusterExecutor> executors;
    executors.push_back({"cpu0", {}, {1}, std::make_unique<SlowExecutor>(slower, 9 * kMinuteMs)});
    RequestPathOptions options;
    options.executor_nice = 0;
    options.on_miss = [this] { ++misses; };
    path_ = *RequestPath::Create(options, clock_, outcomes_, slowdowns_,
                                 {std::make_shared<tests::FakeSupernet>(tests::NetInfo())},
                                 std::move(executors));
    auto table = std::make_shared<dispatch::RoutingTable>();
    dispatch::Route& route = table->defaults["net"] = RouteOn("cpu0");
    for (policies::Level& level : route.ladder) level.latency_ms *= 9 * kMinuteMs / 16.0;
    route.target = base::FromMs(10 * kMinuteMs);
    path_->SetRoutes(std::move(table));
  }

  InferenceReply Ask() {
    InferenceRequest request;
    request.model = "net";
    request.input.type = engine::DataType::kUint8;
    request.input.shape = {2, 2, 3};
    request.input.bytes.resize(12);
    std::promise<absl::StatusOr<InferenceReply>> promise;
    auto reply = promise.get_future();
    REQUIRE(
        path_->Submit(request, [&](auto result) { promise.set_value(std::move(result)); }).ok());
    REQUIRE(reply.wait_for(kPatience) == std::future_status::ready);
    return *reply.get();
  }

  static constexpr double kMinuteMs = 60e3;
  std::atomic<double> slower{1.0};
  std::atomic<int> misses{0};

 private:
  base::SteadyClock clock_;
  OutcomeRing outcomes_{256};
  dispatch::SlowdownBook slowdowns_{{"cpu0"}};
  std::unique_ptr<RequestPath> path_;
};

TEST_CASE("a run that would be late is given up for the cheapest subnet, in time") {
  SlowPath path;
  for (int run = 0; run < 100; ++run) {
    const InferenceReply reply = path.Ask();
    CHECK(reply.subnet == "l");
    CHECK_FALSE(reply.restarted);
  }
  CHECK(path.misses == 0);

  path.slower = 1.3;
  const InferenceReply reply = path.Ask();
  CHECK(reply.restarted);
  CHECK_FALSE(reply.missed);
  CHECK(reply.subnet == "s");
  CHECK(reply.accuracy == Approx(0.70));
  // 4.5 minutes for "s", and the half of the run before it.
  CHECK(reply.compute_ms > 9.0 * SlowPath::kMinuteMs);
  CHECK(reply.compute_ms < 12.5 * SlowPath::kMinuteMs);
  CHECK(path.misses == 1);
}

TEST_CASE_METHOD(RequestPathFixture, "a queued request expires by the clock, while another runs") {
  Answer running = Submit(Request());
  REQUIRE(gate_.AwaitArrival());
  InferenceRequest late = Request();
  late.deadline = clock_.Now() + milliseconds(5);
  Answer queued = Submit(late);
  CHECK(absl::IsDeadlineExceeded(Await(queued).status()));
  gate_.Open();
  CHECK(Await(running).ok());
  path_.reset();
  CHECK(misses_ == 1);
}

TEST_CASE_METHOD(RequestPathFixture, "cancelling answers at once; what runs is finished") {
  Answer running = Submit(Request());
  REQUIRE(gate_.AwaitArrival());
  Answer queued = Submit(Request());
  path_->Cancel(*queued.id);
  CHECK(absl::IsCancelled(Await(queued).status()));
  path_->Cancel(*running.id);
  path_->Cancel(12345);
  gate_.Open();
  CHECK(Await(running).ok());
}

TEST_CASE_METHOD(RequestPathFixture, "new routes move a queued request to a free executor") {
  Answer running = Submit(Request());
  REQUIRE(gate_.AwaitArrival());
  Answer queued = Submit(Request());
  gate2_.Open();
  Publish("cpu2");
  CHECK(Await(queued)->cluster == "cpu2");
  gate_.Open();
  CHECK(Await(running)->cluster == "cpu0");
}

TEST_CASE_METHOD(RequestPathFixture,
                 "what new routes refuse is answered while executors are busy") {
  Answer running = Submit(Request());
  REQUIRE(gate_.AwaitArrival());
  InferenceRequest patient = Request();
  patient.deadline = clock_.Now() + std::chrono::hours(1);
  Answer queued = Submit(patient);
  Answer anonymous = Submit(Request(""));
  InferenceRequest outliving = Request();
  outliving.outlives_session = true;
  Answer implicit = Submit(outliving);
  auto table = std::make_shared<dispatch::RoutingTable>();
  table->defaults["net"] = RouteOn("cpu0");

  SECTION("for a session that ended") {
    path_->SetRoutes(table);
    CHECK(absl::IsNotFound(Await(queued).status()));
    gate_.Open();
    CHECK(Await(implicit).ok());
  }
  SECTION("for a session that is not served") {
    table->sessions["a"] = {.model = "net", .refused_because = "there is no room", .uid = 1000};
    path_->SetRoutes(table);
    const absl::Status refused = Await(queued).status();
    CHECK(absl::IsResourceExhausted(refused));
    CHECK(refused == Submit(Request()).id.status());
    CHECK(absl::IsResourceExhausted(Await(implicit).status()));
    gate_.Open();
  }
  CHECK(Await(running).ok());
  CHECK(Await(anonymous).ok());
  path_.reset();
  // Nobody was late.
  CHECK(misses_ == 0);
}

TEST_CASE_METHOD(RequestPathFixture, "new routes wake no executor while there is no request") {
  CHECK_FALSE(path_->busy());
  const std::uint32_t before = path_->wake_ups();
  Publish("cpu2");
  Publish("cpu0");
  Publish("cpu2");
  CHECK(path_->wake_ups() == before);

  // The newest ones hold for the next request, and reach it while it waits.
  Answer running = Submit(Request());
  REQUIRE(gate2_.AwaitArrival());
  Answer queued = Submit(Request());
  CHECK(path_->busy());
  const std::uint32_t asked = path_->wake_ups();
  Publish("cpu0");
  CHECK(path_->wake_ups() != asked);
  gate_.Open();
  CHECK(Await(queued)->cluster == "cpu0");
  gate2_.Open();
  CHECK(Await(running)->cluster == "cpu2");
  CHECK_FALSE(path_->busy());
}

TEST_CASE_METHOD(RequestPathFixture,
                 "the first request after a pause is told of, the next is not") {
  Answer first = Submit(Request());
  CHECK(firsts_ == 1);
  Answer beside = Submit(Request());
  gate_.Open();
  CHECK(Await(first).ok());
  CHECK(Await(beside).ok());
  Answer soon_after = Submit(Request());
  CHECK(Await(soon_after).ok());
  CHECK(firsts_ == 1);
}

TEST_CASE_METHOD(RequestPathFixture, "sessions are looked up, and belong to their user") {
  CHECK(absl::IsNotFound(Submit(Request("b")).id.status()));
  InferenceRequest foreign = Request();
  foreign.caller.uid = 1001;
  CHECK(absl::IsPermissionDenied(Submit(foreign).id.status()));
  InferenceRequest other = Request();
  other.model = "other";
  CHECK(absl::IsNotFound(Submit(other).id.status()));
  gate_.Open();
  Answer anonymous = Submit(Request(""));
  CHECK(Await(anonymous).ok());
}

TEST_CASE_METHOD(RequestPathFixture, "a malformed input is refused before it is queued") {
  InferenceRequest request = Request();
  request.input.shape = {2, 2, 4};
  CHECK(absl::IsInvalidArgument(Submit(request).id.status()));
}

TEST_CASE_METHOD(RequestPathFixture, "stopping answers what is queued and finishes what runs") {
  Answer running = Submit(Request());
  REQUIRE(gate_.AwaitArrival());
  Answer queued = Submit(Request());
  std::thread stopper([this] { path_.reset(); });
  CHECK(absl::IsUnavailable(Await(queued).status()));
  gate_.Open();
  CHECK(Await(running).ok());
  stopper.join();
}

TEST_CASE_METHOD(RequestPathFixture, "two models of one name are refused") {
  auto twin = std::make_shared<tests::FakeSupernet>(tests::NetInfo());
  CHECK(absl::IsInvalidArgument(
      RequestPath::Create({}, clock_, outcomes_, slowdowns_, {twin, twin}, {}).status()));
}

TEST_CASE_METHOD(RequestPathFixture, "an order is measured on its cluster's executor") {
  CHECK(path_->ThreadCounts("cpu0") == std::vector<int>{1, 2});
  CHECK(path_->ThreadCounts("npu").empty());
  gate_.Open();
  auto result = Measure({.cluster = "cpu0", .model = "net", .subnet = "m", .runs = 4});
  const auto measurement = Await(result);
  REQUIRE(measurement.ok());
  CHECK(measurement->clean_ms == std::vector<double>(4, 3.0));
  // It was no request: nobody counts it.
  CHECK_FALSE(outcomes_.Pop());
}

TEST_CASE_METHOD(RequestPathFixture, "an order for what there is not is refused at once") {
  for (const MeasureOrder& order :
       {MeasureOrder{.cluster = "npu", .model = "net", .subnet = "m"},
        MeasureOrder{.cluster = "cpu0", .model = "nets", .subnet = "m"},
        MeasureOrder{.cluster = "cpu0", .model = "net", .subnet = "xl"}}) {
    auto result = Measure(order);
    CHECK(Await(result).status().code() == absl::StatusCode::kNotFound);
  }
}

TEST_CASE_METHOD(RequestPathFixture, "a cluster works on one order at a time, and can give it up") {
  auto first = Measure({.cluster = "cpu0", .model = "net", .subnet = "m", .runs = 1000000});
  REQUIRE(gate_.AwaitArrival());
  auto second = Measure({.cluster = "cpu0", .model = "net", .subnet = "m"});
  CHECK(Await(second).status().code() == absl::StatusCode::kResourceExhausted);
  path_->StopMeasuring("cpu0");
  path_->StopMeasuring("cpu2");
  gate_.Open();
  CHECK(Await(first).status().code() == absl::StatusCode::kCancelled);
  auto third = Measure({.cluster = "cpu0", .model = "net", .subnet = "m"});
  CHECK(Await(third).ok());
}

TEST_CASE_METHOD(RequestPathFixture, "requests go before an order that waits") {
  Answer running = Submit(Request());
  REQUIRE(gate_.AwaitArrival());
  auto measured = Measure({.cluster = "cpu0", .model = "net", .subnet = "m"});
  Answer queued = Submit(Request());
  CHECK(measured.wait_for(milliseconds(0)) == std::future_status::timeout);
  gate_.Open();
  CHECK(Await(running).ok());
  CHECK(Await(queued).ok());
  CHECK(Await(measured).ok());
}

TEST_CASE_METHOD(RequestPathFixture, "stopping ends an order that waits") {
  Answer running = Submit(Request());
  REQUIRE(gate_.AwaitArrival());
  auto waiting = Measure({.cluster = "cpu0", .model = "net", .subnet = "m"});
  std::thread opener([this] {
    waiting_done_.wait();
    gate_.Open();
  });
  std::thread stopper([this] { path_.reset(); });
  CHECK(Await(waiting).status().code() == absl::StatusCode::kCancelled);
  release_.set_value();
  stopper.join();
  opener.join();
}

}  // namespace
}  // namespace dynofa::manager
