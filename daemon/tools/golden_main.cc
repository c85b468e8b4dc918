// dynofa-golden: compares the backends with logits of another implementation.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/engine/loader/loader.h"
#include "daemon/tools/command_line.h"
#include "daemon/tools/golden_compare.h"
#include "daemon/tools/golden_set.h"

namespace dynofa::tools {
namespace {

absl::StatusOr<std::vector<GoldenResult>> Compare(const std::string& directory,
                                                  const std::string& weights,
                                                  const std::string& wanted) {
  DYNOFA_ASSIGN_OR_RETURN(const GoldenSet set, ReadGoldenSet(directory));
  DYNOFA_ASSIGN_OR_RETURN(const auto model, GoldenModel(set, weights));
  std::vector<std::string> backends = {wanted};
  if (wanted == "all") {
    const auto names = engine::BackendNames();
    backends.assign(names.begin(), names.end());
  }
  return CompareWithGolden(set, model, backends);
}

void PrintText(const std::vector<GoldenResult>& lines) {
  for (const GoldenResult& line : lines) {
    std::printf("%-16s %-6s r %.2e  limit %.0e  %s\n", line.subnet.c_str(), line.backend.c_str(),
                line.r, line.limit, line.passed() ? "ok" : "FAILED");
  }
}

void PrintJson(const std::vector<GoldenResult>& lines) {
  nlohmann::json json = nlohmann::json::array();
  for (const GoldenResult& line : lines) {
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
  app.footer("Exit codes: 0 all within the limit, 1 not, 2 wrong usage or nothing to compare.");
  if (const auto code = ParseCommandLine(app, "dynofa-golden", argc, argv)) return *code;

  const absl::StatusOr<std::vector<GoldenResult>> lines = Compare(directory, weights, backend);
  if (!lines.ok()) {
    std::fprintf(stderr, "dynofa-golden: %s\n", lines.status().ToString().c_str());
    return 2;
  }
  json ? PrintJson(*lines) : PrintText(*lines);
  const bool passed =
      !lines->empty() && std::all_of(lines->begin(), lines->end(),
                                     [](const GoldenResult& line) { return line.passed(); });
  return passed ? 0 : 1;
}

}  // namespace
}  // namespace dynofa::tools

int main(int argc, char** argv) { return dynofa::tools::Main(argc, argv); }
