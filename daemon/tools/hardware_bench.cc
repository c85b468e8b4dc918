#include "daemon/tools/hardware_bench.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/hardware/journal/file_store.h"
#include "daemon/hardware/sysfs/sysfs_driver.h"
#include "daemon/tools/command_line.h"
#include "daemon/tools/engine_bench.h"
#include "daemon/tools/statistics.h"

namespace dynofa::tools {
namespace {

namespace fs = std::filesystem;
using hardware::sysfs::SysfsBoardDriver;

constexpr int kClusters = 12;
constexpr double kSnapshotTargetMs = 2.0;
constexpr double kNoClientTarget = 10.0;
constexpr double kIdleSessionTarget = 13.0;

/// A folder of its own that goes with it.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = (fs::temp_directory_path() / "dynofa-bench-XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void Put(const std::string& file, const std::string& value) {
  fs::create_directories(fs::path(file).parent_path());
  std::ofstream(file) << value << "\n";
}

/// A driver with its journal.
struct Hardware {
  std::unique_ptr<hardware::journal::FileStore> store;
  std::unique_ptr<hardware::journal::Journal> journal;
  std::unique_ptr<SysfsBoardDriver> driver;
};

absl::Status Open(const std::string& root, const std::string& state, Hardware& hardware) {
  DYNOFA_ASSIGN_OR_RETURN(hardware.store, hardware::journal::FileStore::Open(state));
  hardware.journal = std::make_unique<hardware::journal::Journal>(*hardware.store, "bench");
  SysfsBoardDriver::Options options;
  options.root = root;
  DYNOFA_ASSIGN_OR_RETURN(hardware.driver, SysfsBoardDriver::Create(options, *hardware.journal));
  return absl::OkStatus();
}

absl::StatusOr<RunTimes> Time(int rounds, const std::function<absl::Status(int)>& run) {
  const base::SteadyClock clock;
  std::vector<double> times;
  for (int round = 0; round < rounds; ++round) {
    const base::TimePoint start = clock.Now();
    DYNOFA_RETURN_IF_ERROR(run(round));
    times.push_back(base::ToMs(clock.Now() - start));
  }
  return RunTimes{Percentile(times, 0.0), Median(times), Percentile(times, 0.99)};
}

struct Report {
  std::optional<RunTimes> snapshot;
  std::optional<RunTimes> writes;
  std::optional<WakeUps> wake_ups;

  std::vector<Target> Targets() const {
    std::vector<Target> targets;
    if (snapshot)
      targets.push_back({"snapshot, median ms", snapshot->median_ms, kSnapshotTargetMs});
    if (wake_ups) {
      targets.push_back({"wake-ups/s without client", wake_ups->no_client, kNoClientTarget});
      targets.push_back(
          {"wake-ups/s with an idle session", wake_ups->idle_session, kIdleSessionTarget});
    }
    return targets;
  }
};

absl::StatusOr<Report> Measure(const HardwareBenchOptions& options) {
  const ScratchFolder scratch;
  if (scratch.path().empty()) return absl::InternalError("no temporary folder can be made");
  const auto wanted = [&](const char* part) {
    return options.part == "all" || options.part == part;
  };
  const std::string tree = scratch.path() + "/plain";
  const std::string state = scratch.path() + "/state";
  WriteBenchTree(tree, kClusters);
  Report report;
  if (wanted("snapshot")) {
    DYNOFA_ASSIGN_OR_RETURN(report.snapshot, MeasureSnapshot(tree, state, options.rounds));
  }
  if (wanted("writes")) {
    const std::string& root = options.sysfs_root.empty() ? tree : options.sysfs_root;
    DYNOFA_ASSIGN_OR_RETURN(report.writes, MeasureWrites(root, state, options.rounds));
  }
  if (wanted("wakeups")) {
    DYNOFA_ASSIGN_OR_RETURN(report.wake_ups, MeasureWakeUps(options, scratch.path()));
  }
  return report;
}

nlohmann::ordered_json ToJson(const std::optional<RunTimes>& times) {
  if (!times) return nullptr;
  return {{"least_ms", times->least_ms},
          {"median_ms", times->median_ms},
          {"p99_ms", times->p99_ms},
          {"label", "measured"}};
}

void PrintJson(const Report& report) {
  nlohmann::ordered_json json = {{"snapshot", ToJson(report.snapshot)},
                                 {"writes", ToJson(report.writes)}};
  json["wake_ups_per_s"] = nullptr;
  if (report.wake_ups) {
    json["wake_ups_per_s"] = {{"no_client", report.wake_ups->no_client},
                              {"idle_session", report.wake_ups->idle_session},
                              {"label", "measured"}};
  }
  std::printf("%s\n", json.dump(2).c_str());
}

void PrintTimes(const char* what, const std::optional<RunTimes>& times) {
  if (!times) return;
  std::printf("%-44s least %8.3f  median %8.3f  p99 %8.3f ms\n", what, times->least_ms,
              times->median_ms, times->p99_ms);
}

void Print(const Report& report, const HardwareBenchOptions& options) {
  std::printf("measured on this machine\n");
  PrintTimes("reading a board of 12 clusters, plain files", report.snapshot);
  PrintTimes(options.sysfs_root.empty() ? "a decision's writes on 12 clusters, plain files"
                                        : "a decision's writes on the tree",
             report.writes);
  if (report.wake_ups) {
    std::printf("%-44s %.1f/s without a client, %.1f/s with an idle session\n",
                "wake-ups of dynofad and dynofa-boardd", report.wake_ups->no_client,
                report.wake_ups->idle_session);
  }
}

}  // namespace

void WriteBenchTree(const std::string& folder, int clusters) {
  Put(folder + "/devices/system/cpu/online", base::StrCat("0-", clusters - 1));
  for (int i = 0; i < clusters; ++i) {
    const std::string policy = base::StrCat(folder, "/devices/system/cpu/cpufreq/policy", i, "/");
    Put(policy + "related_cpus", std::to_string(i));
    Put(policy + "scaling_governor", "schedutil");
    Put(policy + "scaling_available_governors", "performance schedutil");
    Put(policy + "scaling_available_frequencies", "600000 1000000 1400000 1800000");
    Put(policy + "scaling_min_freq", "600000");
    Put(policy + "scaling_max_freq", "1800000");
    Put(policy + "scaling_cur_freq", "1000000");
    Put(policy + "cpuinfo_min_freq", "600000");
    Put(policy + "cpuinfo_max_freq", "1800000");
    const std::string thermal = folder + "/class/thermal/";
    Put(base::StrCat(thermal, "thermal_zone", i, "/type"), "cpu-thermal");
    Put(base::StrCat(thermal, "thermal_zone", i, "/temp"), "45000");
    Put(base::StrCat(thermal, "cooling_device", i, "/type"), base::StrCat("cpufreq-cpu", i));
    Put(base::StrCat(thermal, "cooling_device", i, "/cur_state"), "0");
  }
  const std::string monitor = folder + "/class/hwmon/hwmon0/";
  Put(monitor + "name", "ina3221");
  for (int channel = 1; channel <= 3; ++channel) {
    Put(base::StrCat(monitor, "in", channel, "_label"), base::StrCat("VDD_", channel));
    Put(base::StrCat(monitor, "in", channel, "_input"), "5000");
    Put(base::StrCat(monitor, "curr", channel, "_input"), "500");
  }
}

absl::StatusOr<RunTimes> MeasureSnapshot(const std::string& root, const std::string& state,
                                         int rounds) {
  Hardware hardware;
  DYNOFA_RETURN_IF_ERROR(Open(root, state, hardware));
  return Time(rounds, [&](int) {
    hardware.driver->ReportLoad({});
    return hardware.driver->Read().status();
  });
}

absl::StatusOr<RunTimes> MeasureWrites(const std::string& root, const std::string& state,
                                       int rounds) {
  Hardware hardware;
  DYNOFA_RETURN_IF_ERROR(Open(root, state, hardware));
  std::vector<policies::ClusterSetting> slow, fast;
  for (const policies::ClusterInfo& cluster : hardware.driver->info().clusters) {
    if (!cluster.writable) continue;
    const std::int64_t low = cluster.frequencies_khz.front(), high = cluster.frequencies_khz.back();
    slow.push_back({cluster.id, "", low, low});
    fast.push_back({cluster.id, "", high, high});
  }
  if (slow.empty()) return absl::FailedPreconditionError("no cluster of the tree may be set");
  auto times = Time(rounds, [&](int round) {
    for (const auto& outcome : hardware.driver->Apply(round % 2 == 0 ? slow : fast).outcomes) {
      DYNOFA_RETURN_IF_ERROR(outcome.status);
    }
    return absl::OkStatus();
  });
  DYNOFA_RETURN_IF_ERROR(hardware.driver->Release());
  return times;
}

int RunHardwareBench(const HardwareBenchOptions& options) {
  return RunToExit("dynofa-bench", [&]() -> absl::Status {
    base::SetLogLevelByName("error");
    DYNOFA_ASSIGN_OR_RETURN(const Report report, Measure(options));
    if (options.json) {
      PrintJson(report);
    } else {
      Print(report, options);
    }
    if (!options.check) return absl::OkStatus();
    for (const Target& target : report.Targets()) {
      if (target.met()) continue;
      return absl::FailedPreconditionError(
          base::StrCat(target.what, " is ", target.value, ", above ", target.limit));
    }
    return absl::OkStatus();
  });
}

}  // namespace dynofa::tools
