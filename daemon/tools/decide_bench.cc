#include "daemon/tools/decide_bench.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "daemon/tools/statistics.h"
#include "policies/registry.h"

namespace dynofa::tools {
namespace {

constexpr int kSubnets = 12;
constexpr int kFrequencies = 25;
constexpr std::array<int, 2> kClusters = {3, 12};
constexpr std::array<int, 4> kSessions = {1, 8, 32, 128};
/// Share of the board's time at full clock that all sessions together take with the largest subnet.
constexpr double kDemand = 0.5;
constexpr double kTargetMs = 1.0;
/// Timer and caches let small cells vary.
constexpr double kLinear = 1.1;

double ThreadMs() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

/// Clusters of three speeds; one in three is a GPU.
policies::Snapshot MakeBoard(int clusters) {
  policies::Snapshot snapshot;
  snapshot.mode.name = "balanced";
  auto points = std::make_shared<std::vector<policies::OperatingPoint>>();
  for (int c = 0; c < clusters; ++c) {
    policies::ClusterState& cluster = snapshot.clusters.emplace_back();
    cluster.info.id = "cluster" + std::to_string(c);
    cluster.info.kind = c % 3 == 2 ? policies::ClusterKind::kGpu : policies::ClusterKind::kCpu;
    cluster.info.writable = true;
    const double speed = 1.0 + c % 3;
    for (int f = 1; f <= kFrequencies; ++f) cluster.info.frequencies_khz.push_back(f * 76800);
    for (int s = 0; s < kSubnets; ++s) {
      for (const std::int64_t khz : cluster.info.frequencies_khz) {
        const double ghz = static_cast<double>(khz) / 1e6;
        policies::OperatingPoint& point = points->emplace_back();
        point.model = "net";
        point.subnet = "subnet" + std::to_string(s);
        point.cluster = cluster.info.id;
        point.frequency_khz = khz;
        point.latency_ms = (4.0 + s) / ghz / speed;
        point.active_power_w = speed * ghz * (0.3 + ghz * ghz);
        point.idle_power_w = 0.05 + 0.03 * ghz;
        point.accuracy = 0.7 + 0.01 * s;
      }
    }
  }
  snapshot.points = std::move(points);
  return snapshot;
}

void AddSessions(int count, policies::Snapshot& snapshot) {
  const int clusters = static_cast<int>(snapshot.clusters.size());
  const double largest_ms = (3.0 + kSubnets) / (kFrequencies * 0.0768) / 2.0;
  const double rate_hz = kDemand * clusters * 1e3 / largest_ms / count;
  for (int i = 0; i < count; ++i) {
    policies::SessionState& session = snapshot.sessions.emplace_back();
    session.id = "session" + std::to_string(i);
    session.model = "net";
    session.requirement.latency_ms = 40.0 + 37 * (i % 7);
    session.requirement.percentile = i % 2 == 0 ? 99.0 : 95.0;
    session.requirement.min_accuracy = 0.7 + 0.01 * (i % 9);
    session.requirement.rate_hz = rate_hz * (0.5 + (i % 5) / 4.0);
    session.requirement.priority = 1 + i % 9;
  }
}

struct Cell {
  int clusters = 0;
  int sessions = 0;
  std::string situation;
  double least_ms = 0.0;
  double median_ms = 0.0;
  double p99_ms = 0.0;
  int infeasible = 0;
};

Cell Measure(const policies::Policy& policy, const policies::Snapshot& snapshot, int rounds) {
  std::vector<double> times;
  Cell cell;
  for (int round = 0; round < rounds; ++round) {
    const double start = ThreadMs();
    const policies::Decision decision = policy.Decide(snapshot);
    times.push_back(ThreadMs() - start);
    cell.infeasible = static_cast<int>(
        std::count_if(decision.assignments.begin(), decision.assignments.end(),
                      [](const policies::Assignment& made) { return !made.feasible; }));
  }
  cell.clusters = static_cast<int>(snapshot.clusters.size());
  cell.sessions = static_cast<int>(snapshot.sessions.size());
  cell.least_ms = *std::min_element(times.begin(), times.end());
  cell.median_ms = Median(times);
  cell.p99_ms = Percentile(times, 0.99);
  return cell;
}

/// `situation`: "first" (nothing is in force), "tick" (everything is, and nothing changed) or
/// "arrival" (everything is but for one session).
Cell MeasureIn(const std::string& situation, const policies::Policy& policy, int clusters,
               int sessions, int rounds) {
  policies::Snapshot snapshot = MakeBoard(clusters);
  AddSessions(sessions, snapshot);
  if (situation != "first") {
    policies::Snapshot before = snapshot;
    if (situation == "arrival") before.sessions.pop_back();
    for (int round = 0; round < 3; ++round) {
      before.current = policy.Decide(before);
      before.time_s += 5.0;
    }
    snapshot.current = before.current;
    snapshot.time_s = before.time_s;
  }
  Cell cell = Measure(policy, snapshot, rounds);
  cell.situation = situation;
  return cell;
}

void PrintTable(const std::vector<Cell>& cells) {
  std::printf("%-9s %8s %8s %10s %10s %10s %9s\n", "situation", "clusters", "sessions", "least ms",
              "median ms", "p99 ms", "not met");
  for (const Cell& cell : cells) {
    std::printf("%-9s %8d %8d %10.3f %10.3f %10.3f %9d\n", cell.situation.c_str(), cell.clusters,
                cell.sessions, cell.least_ms, cell.median_ms, cell.p99_ms, cell.infeasible);
  }
}

void PrintJson(const std::string& policy, const std::vector<Cell>& cells) {
  nlohmann::json json = {{"policy", policy}, {"evidence", "measured"}, {"cells", {}}};
  for (const Cell& cell : cells) {
    json["cells"].push_back({{"situation", cell.situation},
                             {"clusters", cell.clusters},
                             {"sessions", cell.sessions},
                             {"least_ms", cell.least_ms},
                             {"median_ms", cell.median_ms},
                             {"p99_ms", cell.p99_ms},
                             {"not_met", cell.infeasible}});
  }
  std::cout << json.dump(2) << '\n';
}

/// Prints what misses the targets; true if nothing does.
bool Check(const std::vector<Cell>& cells) {
  bool good = true;
  for (const Cell& cell : cells) {
    if (cell.clusters == 3 && cell.sessions == 32 && cell.median_ms > kTargetMs) {
      std::cerr << cell.situation << ": " << cell.median_ms
                << " ms with 32 sessions on 3 clusters, "
                << "target " << kTargetMs << " ms\n";
      good = false;
    }
    for (const Cell& larger : cells) {
      if (larger.situation != cell.situation || larger.clusters != cell.clusters) continue;
      if (larger.sessions <= cell.sessions) continue;
      const double growth = larger.least_ms / cell.least_ms;
      const double linear = static_cast<double>(larger.sessions) / cell.sessions * kLinear;
      if (growth <= linear) continue;
      std::cerr << cell.situation << ", " << cell.clusters << " clusters: from " << cell.sessions
                << " to " << larger.sessions << " sessions " << growth << " times the time\n";
      good = false;
    }
  }
  return good;
}

}  // namespace

int RunDecideBench(const DecideBenchOptions& options) {
  const auto policy = policies::MakePolicy(options.policy);
  if (policy == nullptr) {
    std::cerr << "dynofa-bench: there is no policy '" << options.policy << "'\n";
    return 2;
  }
  std::vector<Cell> cells;
  for (const char* situation : {"first", "tick", "arrival"}) {
    for (const int clusters : kClusters) {
      for (const int sessions : kSessions) {
        cells.push_back(MeasureIn(situation, *policy, clusters, sessions, options.rounds));
      }
    }
  }
  if (options.json) {
    PrintJson(options.policy, cells);
  } else {
    std::cout << "One decision of " << options.policy << ", " << kSubnets << " subnets, "
              << kFrequencies << " frequencies; CPU time of the thread (measured)\n";
    PrintTable(cells);
  }
  return !options.check || Check(cells) ? 0 : 1;
}

}  // namespace dynofa::tools
