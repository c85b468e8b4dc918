#include "daemon/hardware/unmanaged_board.h"

#include <sched.h>

#include <utility>

#include "daemon/base/strings.h"

namespace dynofa::hardware {
namespace {

class UnmanagedBoard final : public Board {
 public:
  explicit UnmanagedBoard(BoardInfo info) : info_(std::move(info)) {}

  const BoardInfo& info() const override { return info_; }

  void Apply(std::vector<policies::ClusterSetting>, Callback<ApplyResult> done) override {
    done(absl::FailedPreconditionError("this board has no knobs"));
  }

  void Read(Callback<BoardReading> done) override {
    BoardReading reading;
    for (const policies::ClusterInfo& cluster : info_.clusters) {
      reading.clusters.push_back({.cluster = cluster.id});
    }
    done(std::move(reading));
  }

  void Release(std::function<void(absl::Status)> done) override { done(absl::OkStatus()); }

 private:
  const BoardInfo info_;
};

}  // namespace

std::vector<int> AllowedCpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cpus;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

std::unique_ptr<Board> MakeUnmanagedBoard(const std::string& why) {
  policies::ClusterInfo cluster;
  cluster.id = "cpu0";
  cluster.host_cpus = AllowedCpus();
  cluster.cores = static_cast<int>(cluster.host_cpus.size());
  cluster.read_only_reason = why;
  BoardInfo info;
  info.name = base::StrCat(cluster.cores, " CPUs without knobs");
  info.clusters.push_back(std::move(cluster));
  info.notes.push_back("serving without knobs: " + why);
  return std::make_unique<UnmanagedBoard>(std::move(info));
}

}  // namespace dynofa::hardware
