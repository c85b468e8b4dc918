#include "daemon/tools/engine_bench.h"

#include <dlfcn.h>
#include <link.h>

#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"

namespace dynofa::tools {
namespace {

using Json = nlohmann::ordered_json;

// The targets of the project for this backend.
constexpr double kLatencyLimit = 0.9;
constexpr double kMemoryLimit = 1.5;
constexpr double kSwitchMedianLimit = 1.05;
constexpr double kSwitchP99Limit = 1.25;
// Makes enough samples of each level for a 99th percentile.
constexpr int kSwitchRoundsPerRound = 4;

int AddIfBlas(dl_phdr_info* library, std::size_t /*size*/, void* names) {
  const std::string_view path = library->dlpi_name;
  const std::string_view file = path.substr(path.rfind('/') + 1);
  if (file.find("blas") != file.npos || file.find("mkl") != file.npos) {
    auto& text = *static_cast<std::string*>(names);
    text += base::StrCat(text.empty() ? "" : ", ", file);
  }
  return 0;
}

// The BLAS libraries in this process, by file, with the configuration that OpenBLAS tells.
std::string BlasName() {
  std::string names;
  dl_iterate_phdr(AddIfBlas, &names);
  using Config = char* (*)();
  if (const auto config = reinterpret_cast<Config>(dlsym(RTLD_DEFAULT, "openblas_get_config"))) {
    names += base::StrCat(" (", std::string_view(config()), ")");
  }
  return names.empty() ? "none found" : names;
}

double LoadAverage() {
  double load = 0.0;
  return getloadavg(&load, 1) == 1 ? load : -1.0;
}

// What was measured, as the parts come in.
struct Report {
  std::string blas;
  double load_before = 0.0;
  double load_after = 0.0;
  std::optional<MemoryUse> memory;
  std::vector<LatencyCell> latency;
  std::optional<SwitchCost> switching;
};

std::vector<Target> Targets(const Report& report) {
  std::vector<Target> targets;
  for (const LatencyCell& cell : report.latency) {
    targets.push_back({base::StrCat("latency of ", cell.subnet, ", threads ", cell.threads,
                                    ", over the faster libtorch path"),
                       cell.ratio, kLatencyLimit});
  }
  if (report.memory) {
    targets.push_back({"resident memory of six levels over one",
                       report.memory->six_levels / report.memory->one_level, kMemoryLimit});
  }
  if (report.switching) {
    targets.push_back({"first run after a switch over steady, median",
                       report.switching->median_ratio, kSwitchMedianLimit});
    targets.push_back({"first run after a switch over steady, p99", report.switching->p99_ratio,
                       kSwitchP99Limit});
  }
  return targets;
}

Json ToJson(const Report& report) {
  Json json = {{"evidence", "measured"},
               {"weights", "synthetic"},
               {"blas", report.blas},
               {"cpus", std::thread::hardware_concurrency()},
               {"load_before", report.load_before},
               {"load_after", report.load_after}};
  for (const LatencyCell& cell : report.latency) {
    json["latency"].push_back({{"subnet", cell.subnet},
                               {"threads", cell.threads},
                               {"cpu_ms", cell.cpu_ms},
                               {"libtorch_prepacked_ms", cell.prepacked_ms},
                               {"libtorch_plain_ms", cell.plain_ms},
                               {"ratio", cell.ratio},
                               {"difference", cell.difference}});
  }
  if (report.memory) {
    json["memory"] = {{"bare_bytes", report.memory->bare},
                      {"one_level_bytes", report.memory->one_level},
                      {"six_levels_bytes", report.memory->six_levels}};
  }
  if (report.switching) {
    json["switching"] = {{"clients", report.switching->clients},
                         {"requests", report.switching->requests},
                         {"disturbed", report.switching->disturbed},
                         {"switches", report.switching->switches},
                         {"steady_ms", report.switching->steady_ms},
                         {"median_ratio", report.switching->median_ratio},
                         {"p99_ratio", report.switching->p99_ratio}};
  }
  for (const Target& target : Targets(report)) {
    json["targets"].push_back({{"what", target.what},
                               {"value", target.value},
                               {"limit", target.limit},
                               {"met", target.met()}});
  }
  return json;
}

void PrintLatency(const std::vector<LatencyCell>& cells) {
  std::printf("\nLatency, ms (measured; OFA MobileNetV3 w1.0, one image)\n");
  std::printf("  %-9s %7s %9s %10s %10s %9s %10s\n", "subnet", "threads", "cpu", "prepacked",
              "plain", "ratio", "difference");
  for (const LatencyCell& cell : cells) {
    std::printf("  %-9s %7d %9.3f %10.3f %10.3f %9.3f %10.1e\n", cell.subnet.c_str(), cell.threads,
                cell.cpu_ms, cell.prepacked_ms, cell.plain_ms, cell.ratio, cell.difference);
  }
  std::printf(
      "  prepacked and plain: libtorch, batch norms folded, channels last; ratio: cpu over the\n"
      "  faster of the two, median over the rounds; difference: from plain, of the largest "
      "logit\n");
}

void PrintMemory(const MemoryUse& memory) {
  constexpr double kMiB = 1024.0 * 1024.0;
  std::printf("\nPeak resident memory of a fresh process, MiB (measured; w1.2, one thread)\n");
  std::printf("  bare process %.1f, smallest level %.1f, six levels %.1f\n", memory.bare / kMiB,
              memory.one_level / kMiB, memory.six_levels / kMiB);
  std::printf("  six over one: %.3f; without the bare process: %.3f\n",
              memory.six_levels / memory.one_level,
              (memory.six_levels - memory.bare) / (memory.one_level - memory.bare));
}

void PrintSwitching(const SwitchCost& cost) {
  std::printf("\nSwitching levels (measured; w1.2, six levels, %d clients)\n", cost.clients);
  std::printf(
      "  %d switches counted; of %d requests, %d were interrupted by other programs and "
      "are left out\n",
      cost.switches, cost.requests, cost.disturbed);
  std::printf(
      "  steady %.3f ms on average; first run after a switch over steady: "
      "median %.3f, p99 %.3f\n",
      cost.steady_ms, cost.median_ratio, cost.p99_ratio);
}

void Print(const Report& report) {
  std::printf("BLAS: %s\nCPUs: %u, load average %.2f before and %.2f after; synthetic weights\n",
              report.blas.c_str(), std::thread::hardware_concurrency(), report.load_before,
              report.load_after);
  if (!report.latency.empty()) PrintLatency(report.latency);
  if (report.memory) PrintMemory(*report.memory);
  if (report.switching) PrintSwitching(*report.switching);
  std::printf("\nTargets\n");
  for (const Target& target : Targets(report)) {
    std::printf("  %-6s %-66s %.3f (at most %.2f)\n", target.met() ? "met" : "MISSED",
                target.what.c_str(), target.value, target.limit);
  }
}

absl::Status Measure(const EngineBenchOptions& options, Report& report) {
  const auto wanted = [&](std::string_view part) {
    return options.part == "all" || options.part == part;
  };
  report.blas = BlasName();
  report.load_before = LoadAverage();
  // First, while this process is small: a new process starts with the peak of the one it is
  // forked from.
  if (wanted("memory")) {
    DYNOFA_ASSIGN_OR_RETURN(report.memory, MeasureMemory());
  }
  if (wanted("latency")) {
    DYNOFA_ASSIGN_OR_RETURN(report.latency, MeasureLatency(options.rounds, options.threads));
  }
  if (wanted("switch")) {
    DYNOFA_ASSIGN_OR_RETURN(report.switching,
                            MeasureSwitching(options.rounds * kSwitchRoundsPerRound));
  }
  report.load_after = LoadAverage();
  return absl::OkStatus();
}

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "dynofa-bench: %s\n", status.ToString().c_str());
  return 2;
}

}  // namespace

int RunEngineBench(const EngineBenchOptions& options) {
  if (options.memory_of_levels > 0) {
    const absl::Status status = ReportMemory(options.memory_of_levels);
    return status.ok() ? 0 : Fail(status);
  }
  Report report;
  if (const absl::Status status = Measure(options, report); !status.ok()) return Fail(status);
  if (options.json) {
    std::printf("%s\n", ToJson(report).dump(2).c_str());
  } else {
    Print(report);
  }
  if (!options.check) return 0;
  for (const Target& target : Targets(report)) {
    if (!target.met()) return 1;
  }
  return 0;
}

}  // namespace dynofa::tools
