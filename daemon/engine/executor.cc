#include "daemon/engine/executor.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <map>
#include <span>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/preprocess.h"

namespace dynofa::engine {
namespace {

class CpuExecutor final : public Executor {
 public:
  explicit CpuExecutor(const base::Clock& clock) : clock_(clock) {}

  absl::StatusOr<RunResult> Run(Supernet& supernet, const PreparedSubnet& subnet,
                                const Tensor& input, const RunSettings& settings) override;

 private:
  absl::Status RunSubnet(Supernet& supernet, const PreparedSubnet& subnet, int threads,
                         std::span<float> logits);

  const base::Clock& clock_;
  std::vector<float> image_;
  // One per supernet and number of threads that this executor has run. A supernet outlives its
  // executors.
  std::map<std::pair<const Supernet*, int>, std::unique_ptr<Workspace>> workspaces_;
};

/// Times that others took the CPU from a run with so many threads. Helpers cannot be told from the
/// rest of the process.
long Interruptions(int threads) {
  rusage usage{};
  getrusage(threads == 1 ? RUSAGE_THREAD : RUSAGE_SELF, &usage);
  return usage.ru_nivcsw;
}

Tensor Logits(const ModelInfo& model) {
  Tensor logits;
  logits.name = model.output_name;
  logits.shape = {1, model.classes};
  logits.bytes.resize(static_cast<std::size_t>(model.classes) * sizeof(float));
  return logits;
}

absl::StatusOr<RunResult> CpuExecutor::Run(Supernet& supernet, const PreparedSubnet& subnet,
                                           const Tensor& input, const RunSettings& settings) {
  const long interruptions = Interruptions(settings.threads);
  const base::TimePoint start = clock_.Now();
  const auto side = static_cast<std::size_t>(subnet.info().resolution);
  image_.resize(side * side * 3);
  DYNOFA_RETURN_IF_ERROR(
      MakeInput(input, supernet.info().preprocessing, subnet.info().resolution, image_));
  RunResult result;
  result.output = Logits(supernet.info());
  const std::span<float> logits(result.output.data<float>(),
                                static_cast<std::size_t>(supernet.info().classes));
  DYNOFA_RETURN_IF_ERROR(RunSubnet(supernet, subnet, settings.threads, logits));
  result.compute = clock_.Now() - start;
  result.disturbed = Interruptions(settings.threads) != interruptions;
  return result;
}

absl::Status CpuExecutor::RunSubnet(Supernet& supernet, const PreparedSubnet& subnet, int threads,
                                    std::span<float> logits) {
  std::unique_ptr<Workspace>& workspace = workspaces_[{&supernet, threads}];
  if (workspace != nullptr) {
    const absl::Status status = subnet.Run(image_, logits, *workspace);
    if (status.code() != absl::StatusCode::kFailedPrecondition) return status;
  }
  // The first run, or the subnet was prepared after the workspace was made.
  DYNOFA_ASSIGN_OR_RETURN(workspace, supernet.NewWorkspace(threads));
  return subnet.Run(image_, logits, *workspace);
}

}  // namespace

std::unique_ptr<Executor> MakeCpuExecutor(const base::Clock& clock) {
  return std::make_unique<CpuExecutor>(clock);
}

absl::Status PinThisThread(const std::vector<int>& cpus, int nice) {
  if (!cpus.empty()) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int cpu : cpus) {
      if (cpu < 0 || cpu >= CPU_SETSIZE) {
        return absl::InvalidArgumentError(base::StrCat("there is no CPU ", cpu));
      }
      CPU_SET(cpu, &set);
    }
    if (sched_setaffinity(0, sizeof(set), &set) != 0) {
      return base::ErrnoStatus(errno, "pinning a thread to its CPUs");
    }
  }
  // On Linux the priority belongs to the thread, not to the process.
  const auto thread = static_cast<id_t>(gettid());
  errno = 0;
  const int present = getpriority(PRIO_PROCESS, thread);
  if (present == -1 && errno != 0) return base::ErrnoStatus(errno, "reading a thread's priority");
  if (nice != 0 && setpriority(PRIO_PROCESS, thread, present + nice) != 0) {
    return base::ErrnoStatus(errno, "setting a thread's priority");
  }
  return absl::OkStatus();
}

}  // namespace dynofa::engine
