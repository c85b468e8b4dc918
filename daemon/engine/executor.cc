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
  CpuExecutor(int threads, const base::Clock& clock) : threads_(threads), clock_(clock) {}

  absl::StatusOr<RunResult> Run(Supernet& supernet, const PreparedSubnet& subnet,
                                const Tensor& input, std::int64_t frequency_khz) override;

 private:
  absl::Status RunSubnet(Supernet& supernet, const PreparedSubnet& subnet, std::span<float> logits);

  const int threads_;
  const base::Clock& clock_;
  std::vector<float> image_;
  // One per supernet that this executor has run. A supernet outlives its executors.
  std::map<const Supernet*, std::unique_ptr<Workspace>> workspaces_;
};

Tensor Logits(const ModelInfo& model) {
  Tensor logits;
  logits.name = model.output_name;
  logits.shape = {1, model.classes};
  logits.bytes.resize(static_cast<std::size_t>(model.classes) * sizeof(float));
  return logits;
}

absl::StatusOr<RunResult> CpuExecutor::Run(Supernet& supernet, const PreparedSubnet& subnet,
                                           const Tensor& input, std::int64_t /*frequency_khz*/) {
  const base::TimePoint start = clock_.Now();
  const auto side = static_cast<std::size_t>(subnet.info().resolution);
  image_.resize(side * side * 3);
  DYNOFA_RETURN_IF_ERROR(
      MakeInput(input, supernet.info().preprocessing, subnet.info().resolution, image_));
  RunResult result;
  result.output = Logits(supernet.info());
  const std::span<float> logits(result.output.data<float>(),
                                static_cast<std::size_t>(supernet.info().classes));
  DYNOFA_RETURN_IF_ERROR(RunSubnet(supernet, subnet, logits));
  result.compute = clock_.Now() - start;
  return result;
}

absl::Status CpuExecutor::RunSubnet(Supernet& supernet, const PreparedSubnet& subnet,
                                    std::span<float> logits) {
  std::unique_ptr<Workspace>& workspace = workspaces_[&supernet];
  if (workspace != nullptr) {
    const absl::Status status = subnet.Run(image_, logits, *workspace);
    if (status.code() != absl::StatusCode::kFailedPrecondition) return status;
  }
  // The first run, or the subnet was prepared after the workspace was made.
  DYNOFA_ASSIGN_OR_RETURN(workspace, supernet.NewWorkspace(threads_));
  return subnet.Run(image_, logits, *workspace);
}

}  // namespace

std::unique_ptr<Executor> MakeCpuExecutor(int threads, const base::Clock& clock) {
  return std::make_unique<CpuExecutor>(threads, clock);
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
