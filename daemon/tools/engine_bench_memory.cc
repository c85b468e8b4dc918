#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/base/unique_fd.h"
#include "daemon/engine/cpu/supernet.h"
#include "daemon/engine/ofa/published.h"
#include "daemon/engine/ofa/synthetic.h"
#include "daemon/tools/engine_bench.h"

namespace dynofa::tools {
namespace {

// The most memory that this process has had resident.
double PeakResidentBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024.0;
}

absl::Status RunOnce(const engine::PreparedSubnet& subnet, engine::Workspace& workspace,
                     int classes) {
  const auto side = static_cast<std::size_t>(subnet.info().resolution);
  const std::vector<float> image(side * side * 3, 0.5f);
  std::vector<float> logits(static_cast<std::size_t>(classes));
  return subnet.Run(image, logits, workspace);
}

// Starts this program again as the measured process, its output going to `output`.
[[noreturn]] void ExecMeasured(const std::string& levels, int output) {
  const auto* self = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
  if (self == nullptr || dup2(output, STDOUT_FILENO) < 0) _exit(127);
  execl(self, self, "engine", "--memory-of-levels", levels.c_str(), nullptr);
  _exit(127);
}

struct Measured {
  double bare = 0.0;
  double loaded = 0.0;
};

absl::StatusOr<Measured> MeasureProcess(int levels) {
  int ends[2];
  if (pipe(ends) != 0) return base::ErrnoStatus(errno, "making a pipe");
  base::UniqueFd read_end(ends[0]);
  base::UniqueFd write_end(ends[1]);
  const std::string argument = base::StrCat(levels);
  const pid_t child = fork();
  if (child < 0) return base::ErrnoStatus(errno, "starting the measured process");
  if (child == 0) ExecMeasured(argument, write_end.get());
  write_end.Reset();
  std::string text;
  std::array<char, 256> part;
  for (ssize_t count; (count = read(read_end.get(), part.data(), part.size())) > 0;) {
    text.append(part.data(), static_cast<std::size_t>(count));
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child) return base::ErrnoStatus(errno, "awaiting a process");
  Measured measured;
  if (status != 0 || std::sscanf(text.c_str(), "%lf %lf", &measured.bare, &measured.loaded) != 2) {
    return absl::InternalError(base::StrCat("the process with ", levels, " levels failed"));
  }
  return measured;
}

}  // namespace

absl::Status ReportMemory(int levels) {
  const double bare = PeakResidentBytes();
  const auto architecture = engine::ofa::Architecture::MobileNetV3(1.2);
  const auto published = engine::ofa::PublishedSubnets(architecture.width_mult).subnets;
  DYNOFA_ASSIGN_OR_RETURN(const auto model, engine::ofa::SyntheticModel(architecture, published));
  DYNOFA_ASSIGN_OR_RETURN(const auto supernet, engine::cpu::MakeSupernet(model));
  std::vector<std::shared_ptr<const engine::PreparedSubnet>> subnets;
  for (const engine::ofa::Subnet& level : published) {
    if (subnets.size() == static_cast<std::size_t>(levels)) break;
    DYNOFA_ASSIGN_OR_RETURN(subnets.emplace_back(), supernet->Prepare(level.id));
  }
  DYNOFA_ASSIGN_OR_RETURN(const auto workspace, supernet->NewWorkspace(1));
  for (const auto& subnet : subnets) {
    DYNOFA_RETURN_IF_ERROR(RunOnce(*subnet, *workspace, model->info().classes));
  }
  std::printf("%.0f %.0f\n", bare, PeakResidentBytes());
  return absl::OkStatus();
}

absl::StatusOr<MemoryUse> MeasureMemory() {
  DYNOFA_ASSIGN_OR_RETURN(const Measured one, MeasureProcess(1));
  DYNOFA_ASSIGN_OR_RETURN(const Measured six, MeasureProcess(6));
  return MemoryUse{one.bare, one.loaded, six.loaded};
}

}  // namespace dynofa::tools
