#include <array>
#include <barrier>
#include <cstddef>
#include <memory>
#include <numeric>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/engine/cpu/supernet.h"
#include "daemon/engine/executor.h"
#include "daemon/engine/ofa/published.h"
#include "daemon/engine/ofa/synthetic.h"
#include "daemon/tools/engine_bench.h"
#include "daemon/tools/statistics.h"
#include "daemon/tools/timed_run.h"

namespace dynofa::tools {
namespace {

constexpr int kClients = 2;
constexpr int kRunsPerPhase = 8;
constexpr std::size_t kLevels = 6;

using Subnets = std::vector<std::shared_ptr<const engine::PreparedSubnet>>;

struct Samples {
  std::vector<double> steady;    ///< the same level ran before
  std::vector<double> switched;  ///< another level ran before
};

// One client: its own thread, CPU and workspace, and its requests in order.
class Client {
 public:
  Client(const Subnets& subnets, std::unique_ptr<engine::Workspace> workspace, int classes)
      : subnets_(subnets),
        workspace_(std::move(workspace)),
        image_(engine::ofa::SyntheticValues("image", 224 * 224 * 3, 2.0)),
        logits_(static_cast<std::size_t>(classes)) {}

  // Steady and alternating phases of every level, side by side, so that what disturbs the one
  // disturbs the other.
  absl::Status Round() {
    for (std::size_t level = 0; level < kLevels; ++level) {
      const std::size_t other = (level + 1 + round_ % (kLevels - 1)) % kLevels;
      for (int i = 0; i < kRunsPerPhase; ++i) DYNOFA_RETURN_IF_ERROR(Request(level));
      for (int i = 0; i < kRunsPerPhase; ++i) {
        DYNOFA_RETURN_IF_ERROR(Request(i % 2 == 0 ? other : level));
      }
    }
    ++round_;
    return absl::OkStatus();
  }

  const std::array<Samples, kLevels>& samples() const { return samples_; }
  int requests() const { return requests_; }
  int disturbed() const { return disturbed_; }

 private:
  absl::Status Request(std::size_t level) {
    const engine::PreparedSubnet& subnet = *subnets_[level];
    const auto side = static_cast<std::size_t>(subnet.info().resolution);
    DYNOFA_ASSIGN_OR_RETURN(const TimedRun timed, Time(Watch::kThread, [&] {
                              return subnet.Run(std::span(image_).first(side * side * 3), logits_,
                                                *workspace_);
                            }));
    ++requests_;
    if (timed.disturbed) {
      ++disturbed_;
    } else {
      (level == last_ ? samples_[level].steady : samples_[level].switched).push_back(timed.ms);
    }
    last_ = level;
    return absl::OkStatus();
  }

  const Subnets& subnets_;
  const std::unique_ptr<engine::Workspace> workspace_;
  const std::vector<float> image_;
  std::vector<float> logits_;
  std::array<Samples, kLevels> samples_;
  int requests_ = 0;
  int disturbed_ = 0;
  std::size_t last_ = kLevels;
  std::size_t round_ = 0;
};

// Latencies over the steady median of their level, so that levels can be counted together.
absl::StatusOr<SwitchCost> Summarise(const std::vector<std::unique_ptr<Client>>& clients) {
  std::vector<double> steady;
  std::vector<double> switched;
  SwitchCost cost;
  cost.clients = static_cast<int>(clients.size());
  for (const auto& client : clients) {
    cost.requests += client->requests();
    cost.disturbed += client->disturbed();
    for (const Samples& samples : client->samples()) {
      if (samples.steady.empty() || samples.switched.empty()) {
        return absl::UnavailableError(
            "other programs interrupted every run of a level; measure on a quieter machine");
      }
      const double median = Median(samples.steady);
      cost.steady_ms += median / static_cast<double>(kLevels * clients.size());
      for (double ms : samples.steady) steady.push_back(ms / median);
      for (double ms : samples.switched) switched.push_back(ms / median);
    }
  }
  cost.switches = static_cast<int>(switched.size());
  cost.median_ratio = Median(switched) / Median(steady);
  cost.p99_ratio = Percentile(switched, 0.99) / Percentile(steady, 0.99);
  return cost;
}

}  // namespace

absl::StatusOr<SwitchCost> MeasureSwitching(int rounds) {
  const auto architecture = engine::ofa::Architecture::MobileNetV3(1.2);
  const auto published = engine::ofa::PublishedSubnets(architecture.width_mult).subnets;
  DYNOFA_ASSIGN_OR_RETURN(const auto model, engine::ofa::SyntheticModel(architecture, published));
  DYNOFA_ASSIGN_OR_RETURN(const auto supernet, engine::cpu::MakeSupernet(model));
  Subnets subnets;
  for (const engine::ofa::Subnet& level : published) {
    DYNOFA_ASSIGN_OR_RETURN(subnets.emplace_back(), supernet->Prepare(level.id));
  }
  std::vector<std::unique_ptr<Client>> clients;
  for (int c = 0; c < kClients; ++c) {
    DYNOFA_ASSIGN_OR_RETURN(auto workspace, supernet->NewWorkspace(1));
    clients.push_back(
        std::make_unique<Client>(subnets, std::move(workspace), model->info().classes));
  }
  const int cpus = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  std::array<absl::Status, kClients> statuses;
  // Both start each round together, so that neither measures alone.
  std::barrier round_start(kClients);
  std::vector<std::thread> threads;
  for (int c = 0; c < kClients; ++c) {
    threads.emplace_back([&, c] {
      absl::Status& status = statuses[static_cast<std::size_t>(c)];
      status = engine::PinThisThread({c % cpus}, 0);
      for (int round = 0; round < rounds; ++round) {
        round_start.arrive_and_wait();
        if (status.ok()) status = clients[static_cast<std::size_t>(c)]->Round();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& status : statuses) DYNOFA_RETURN_IF_ERROR(status);
  return Summarise(clients);
}

}  // namespace dynofa::tools
