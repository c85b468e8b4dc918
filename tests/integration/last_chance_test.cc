// The real programs when a neighbour begins in the middle of a run that would then be late: the run
// is given up for the cheapest subnet that the session allows.

#include <algorithm>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/emulator/control.h"
#include "dynofa/client.h"
#include "tests/integration/service.h"
#include "tests/support/catch.h"

namespace dynofa::tests {
namespace {

constexpr char kCluster[] = "cpu0";

// One cluster, so that no decision moves the session; as accurate as it may be; and so slow that a
// run is long beside what this machine needs for its own part.
constexpr char kOneSlowCluster[] = R"([[power_mode]]
name = "balanced"
objective = "performance"
max_khz = { cpu0 = 115200 }
max_cores = { cpu2 = 0, cpu4 = 0, gpu = 0 }
)";

/// Leaves some subnets below the most accurate one, and not all of them.
constexpr double kFloor = 0.85;
/// What the target leaves over a run that is alone, and what a neighbour takes of the cluster: the
/// run is late beside it, and something cheaper is not.
constexpr double kTarget = 1.25;
constexpr double kNeighbour = 0.36;
/// Runs follow one another, one at a time; fewer are announced, so that no plan reckons with
/// queues.
constexpr double kRateHz = 1.0;
/// As many runs as make the next one foreseeable, whatever ran before.
constexpr int kAlike = 32;

/// A session whose target the most accurate subnet only just meets.
class Camera {
 public:
  explicit Camera(const Service& service)
      : client_(Connect(service)),
        session_(Open()),
        control_(service.dir() / "emulator.sock"),
        pixels_(32 * 32 * 3, 100) {
    const auto assignment = session_.info().assignment;
    REQUIRE(assignment);
    REQUIRE(assignment->point.cluster == kCluster);
    const double target_ms = kTarget * assignment->point.latency_ms;
    REQUIRE(
        session_
            .SetRequirement({.latency_ms = target_ms, .min_accuracy = kFloor, .rate_hz = kRateHz})
            .ok());
  }

  std::future<client::Result<client::Inference>> Begin() {
    auto answer = std::make_shared<std::promise<client::Result<client::Inference>>>();
    auto future = answer->get_future();
    client_.InferAsync({pixels_.data(), 32, 32}, {.session = session_.id()},
                       [answer](auto result) { answer->set_value(std::move(result)); });
    return future;
  }
  client::Inference Infer() {
    auto answer = Begin().get();
    REQUIRE(answer.ok());
    return std::move(answer).value();
  }

  /// Another program takes that share of the cluster from now on.
  void SetNeighbour(double load) { REQUIRE(emulator::SetNeighbour(control_, kCluster, load).ok()); }
  std::int64_t TotalRestarted() {
    const auto status = client_.GetStatus();
    REQUIRE(status.ok());
    for (const client::SessionInfo& session : status->sessions) {
      if (session.id == session_.id()) return session.total_restarted;
    }
    return -1;
  }

 private:
  static client::Client Connect(const Service& service) {
    auto client = client::Client::Connect({service.socket()});
    REQUIRE(client.ok());
    return std::move(client).value();
  }
  /// As soon as the daemon knows that nobody else is there.
  client::Session Open() {
    REQUIRE(WaitUntil([&] {
      const auto status = client_.GetStatus();
      return status.ok() && status->sessions.empty() &&
             std::all_of(status->clusters.begin(), status->clusters.end(),
                         [](const auto& cluster) { return cluster.foreign_load == 0.0; });
    }));
    auto session = client_.OpenSession({.requirement = {.min_accuracy = kFloor}});
    REQUIRE(session.ok());
    return std::move(session).value();
  }

  client::Client client_;
  client::Session session_;
  const std::string control_;
  const std::vector<std::uint8_t> pixels_;
};

/// One attempt; false if the neighbour came so early that the daemon planned for it, or so late
/// that nothing was to be saved, or this machine was too busy for an answer in time.
bool RestartsInTime(const Service& service) {
  Camera camera(service);
  double usual = 0.0;
  for (int run = 0; run < kAlike; ++run) usual = camera.Infer().accuracy;
  auto begun = camera.Begin();
  camera.SetNeighbour(kNeighbour);
  const auto answer = begun.get();
  camera.SetNeighbour(0.0);
  REQUIRE(answer.ok());
  if (!answer->restarted) return false;
  CHECK(answer->accuracy >= kFloor);
  CHECK(answer->accuracy < usual);
  CHECK(answer->cluster == kCluster);
  if (answer->deadline_missed) return false;
  CHECK(WaitUntil([&] { return camera.TotalRestarted() == 1; }));
  // What comes then is served as ever.
  camera.Infer();
  return true;
}

TEST_CASE("a request whose run would be late beside a new neighbour is answered by a cheaper one") {
  Service service(Service::Board::kEmulated, kOneSlowCluster);
  CHECK(WaitUntil([&] { return RestartsInTime(service); }, 6 * kPatience));
}

}  // namespace
}  // namespace dynofa::tests
