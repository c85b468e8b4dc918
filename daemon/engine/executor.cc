#include "daemon/engine/executor.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/pace.h"
#include "daemon/engine/preprocess.h"

namespace dynofa::engine {
namespace {

class CpuExecutor final : public Executor {
 public:
  explicit CpuExecutor(const base::Clock& clock) : clock_(clock) {}

  absl::StatusOr<RunResult> Run(Supernet& supernet, const PreparedSubnet& subnet,
                                const Tensor& input, const RunSettings& settings) override;

 private:
  // What there is for one supernet and number of threads that this executor has run. A supernet
  // outlives its executors, and its subnets live as long.
  struct Lane {
    std::unique_ptr<Workspace> workspace;
    std::map<const PreparedSubnet*, Pace> paces;
  };

  // Runs the subnet on image_, with a workspace that is made if it has to be.
  absl::Status RunSubnet(Supernet& supernet, const PreparedSubnet& subnet, int threads,
                         std::unique_ptr<Workspace>& workspace, std::span<float> logits,
                         PartDone part_done);

  const base::Clock& clock_;
  std::vector<float> image_;
  std::vector<base::Duration> ends_;  // of the parts of the run under way, if they are timed
  std::map<std::pair<const Supernet*, int>, Lane> lanes_;
};

/// Times that others took the CPU from a run with so many threads. Helpers cannot be told from the
/// rest of the process.
long Interruptions(int threads) {
  rusage usage{};
  getrusage(threads == 1 ? RUSAGE_THREAD : RUSAGE_SELF, &usage);
  return usage.ru_nivcsw;
}

// Whether a run of which `done` parts are through goes on.
bool GoesOn(const RunSettings& settings, const Pace& pace, int done, base::Duration elapsed) {
  if (!settings.go_on || elapsed < settings.ask_after) return true;
  const std::optional<double> share = pace.ShareAfter(done);
  return !share || settings.go_on(elapsed, *share);
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
  Lane& lane = lanes_[{&supernet, settings.threads}];
  Pace& pace = lane.paces[&subnet];
  const bool timed = settings.go_on != nullptr || pace.Due();
  ends_.clear();
  const auto part_done = [&](int done, int /*parts*/) {
    if (!timed) return true;
    ends_.push_back(clock_.Now() - start);
    return GoesOn(settings, pace, done, ends_.back());
  };
  DYNOFA_RETURN_IF_ERROR(
      RunSubnet(supernet, subnet, settings.threads, lane.workspace, logits, part_done));
  result.compute = clock_.Now() - start;
  result.disturbed = Interruptions(settings.threads) != interruptions;
  if (timed && !result.disturbed) pace.Learn(ends_, result.compute);
  return result;
}

absl::Status CpuExecutor::RunSubnet(Supernet& supernet, const PreparedSubnet& subnet, int threads,
                                    std::unique_ptr<Workspace>& workspace, std::span<float> logits,
                                    PartDone part_done) {
  if (workspace != nullptr) {
    const absl::Status status = subnet.RunParts(image_, logits, *workspace, part_done);
    if (status.code() != absl::StatusCode::kFailedPrecondition) return status;
  }
  // The first run, or the subnet was prepared after the workspace was made.
  DYNOFA_ASSIGN_OR_RETURN(workspace, supernet.NewWorkspace(threads));
  return subnet.RunParts(image_, logits, *workspace, part_done);
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
