// dynofa-golden: compares the backends with logits of another implementation.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/loader/loader.h"
#include "daemon/tools/golden_set.h"

namespace dynofa::tools {
namespace {

// r = max |y - logits| / max |logits|; the reference in float32 stays below 2.8e-6 of float64.
constexpr double kTorchLimit = 2e-5;
constexpr double kCpuLimit = 3e-5;

struct Line {
  std::string subnet;
  std::string backend;
  double r = 0.0;
  double limit = 0.0;
  // A NaN is no match.
  bool passed() const { return r <= limit; }
};

absl::StatusOr<double> Difference(engine::Supernet& supernet, const GoldenSubnet& golden) {
  DYNOFA_ASSIGN_OR_RETURN(const auto subnet, supernet.Prepare(golden.id));
  DYNOFA_ASSIGN_OR_RETURN(const auto workspace, supernet.NewWorkspace(1));
  const auto batch = static_cast<std::size_t>(golden.batch);
  const std::size_t pixels = golden.images.size() / batch;
  const std::size_t classes = golden.logits.size() / batch;
  std::vector<float> logits(golden.logits.size());
  for (std::size_t i = 0; i < batch; ++i) {
    DYNOFA_RETURN_IF_ERROR(subnet->Run(std::span(golden.images).subspan(i * pixels, pixels),
                                       std::span(logits).subspan(i * classes, classes),
                                       *workspace));
  }
  double largest = 0.0, difference = 0.0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    largest = std::max(largest, std::abs(golden.logits[i]));
    const double d = std::abs(logits[i] - golden.logits[i]);
    difference = d <= difference ? difference : d;  // keeps a NaN
  }
  return difference / largest;
}

absl::StatusOr<std::vector<Line>> Compare(const std::string& directory, const std::string& weights,
                                          const std::string& wanted) {
  DYNOFA_ASSIGN_OR_RETURN(const GoldenSet set, ReadGoldenSet(directory));
  DYNOFA_ASSIGN_OR_RETURN(const auto model, GoldenModel(set, weights));
  std::vector<std::string> backends = {wanted};
  if (wanted == "all") {
    const auto names = engine::BackendNames();
    backends.assign(names.begin(), names.end());
  }
  std::vector<Line> lines;
  for (const std::string& backend : backends) {
    DYNOFA_ASSIGN_OR_RETURN(const auto supernet, engine::MakeOfaSupernet(model, backend));
    for (const GoldenSubnet& subnet : set.subnets) {
      DYNOFA_ASSIGN_OR_RETURN(const double r, Difference(*supernet, subnet));
      lines.push_back({subnet.id, backend, r, backend == "torch" ? kTorchLimit : kCpuLimit});
    }
  }
  return lines;
}

void PrintText(const std::vector<Line>& lines) {
  for (const Line& line : lines) {
    std::printf("%-16s %-6s r %.2e  limit %.0e  %s\n", line.subnet.c_str(), line.backend.c_str(),
                line.r, line.limit, line.passed() ? "ok" : "FAILED");
  }
}

void PrintJson(const std::vector<Line>& lines) {
  nlohmann::json json = nlohmann::json::array();
  for (const Line& line : lines) {
    json.push_back({{"subnet", line.subnet},
                    {"backend", line.backend},
                    {"r", line.r},
                    {"limit", line.limit},
                    {"passed", line.passed()}});
  }
  std::puts(json.dump(2).c_str());
}

int Main(int argc, char** argv) {
  CLI::App app("Compares the backends with golden logits of another implementation");
  std::string directory, weights, backend = "all";
  bool json = false;
  app.add_option("--dir", directory, "Folder with subnets.json and subnets.safetensors")
      ->required();
  app.add_option("--weights", weights, "Weights of the supernet (safetensors), or \"synthetic\"")
      ->required();
  app.add_option("--backend", backend, "torch, cpu or all")
      ->check(CLI::IsMember({"torch", "cpu", "all"}));
  app.add_flag("--json", json, "Print JSON");
  CLI11_PARSE(app, argc, argv);

  const absl::StatusOr<std::vector<Line>> lines = Compare(directory, weights, backend);
  if (!lines.ok()) {
    std::fprintf(stderr, "dynofa-golden: %s\n", lines.status().ToString().c_str());
    return 2;
  }
  json ? PrintJson(*lines) : PrintText(*lines);
  const bool passed =
      !lines->empty() &&
      std::all_of(lines->begin(), lines->end(), [](const Line& line) { return line.passed(); });
  return passed ? 0 : 1;
}

}  // namespace
}  // namespace dynofa::tools

int main(int argc, char** argv) { return dynofa::tools::Main(argc, argv); }
