#include "daemon/tools/search/sampling.h"

#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "daemon/base/status.h"

namespace dynofa::tools::search {
namespace {

// The measurements that are left, shared by the workers.
class Work {
 public:
  Work(std::vector<SubnetConfig> configs, const SamplingHooks& hooks, FigureLog& log)
      : configs_(std::move(configs)), hooks_(hooks), log_(log) {}

  // Takes one after the other until none is left.
  void Run() {
    while (const SubnetConfig* config = Next()) Finish(*config, hooks_.measure(*config));
  }

  absl::Status status() const { return status_; }

 private:
  const SubnetConfig* Next() {
    const std::lock_guard lock(mutex_);
    if (next_ == configs_.size() || !status_.ok() || !hooks_.go_on()) return nullptr;
    return &configs_[next_++];
  }

  void Finish(const SubnetConfig& config, const absl::StatusOr<double>& accuracy) {
    const std::lock_guard lock(mutex_);
    absl::Status status = accuracy.ok() ? log_.Add({{Text(config), *accuracy}}) : accuracy.status();
    if (!status.ok()) {
      status_.Update(status);
      return;
    }
    hooks_.progress(++done_, configs_.size());
  }

  const std::vector<SubnetConfig> configs_;
  const SamplingHooks& hooks_;
  std::mutex mutex_;  // guards what follows
  FigureLog& log_;
  std::size_t next_ = 0;
  std::size_t done_ = 0;
  absl::Status status_;
};

}  // namespace

std::vector<SubnetConfig> DrawSample(const Space& space, std::size_t count, std::uint64_t seed) {
  std::vector<SubnetConfig> sample;
  std::set<std::string> seen;
  const auto add = [&](const SubnetConfig& config) {
    if (sample.size() < count && seen.insert(Text(config)).second) sample.push_back(config);
  };
  for (int resolution : space.resolutions) {
    add(Canonical(space, LargestSubnet(space.architecture, resolution)));
    add(Canonical(space, SmallestSubnet(space.architecture, resolution)));
  }
  Random random(seed);
  // A space with few subnets soon gives nothing new.
  const std::size_t tries = 20 * count;
  for (std::size_t i = 0; i < tries && sample.size() < count; ++i) {
    add(i % 2 == 0 ? DrawUniform(space, random) : DrawLeaning(space, random));
  }
  return sample;
}

absl::StatusOr<std::vector<Sample>> MeasureAll(const std::vector<SubnetConfig>& configs,
                                               int workers, const SamplingHooks& hooks,
                                               FigureLog& log) {
  std::vector<SubnetConfig> unknown;
  for (const SubnetConfig& config : configs) {
    if (!log.Find(Text(config))) unknown.push_back(config);
  }
  Work work(std::move(unknown), hooks, log);
  std::vector<std::thread> others;
  for (int i = 1; i < workers; ++i) others.emplace_back([&work] { work.Run(); });
  work.Run();
  for (std::thread& other : others) other.join();
  DYNOFA_RETURN_IF_ERROR(work.status());
  std::vector<Sample> samples;
  for (const SubnetConfig& config : configs) {
    if (const auto accuracy = log.Find(Text(config))) samples.push_back({config, *accuracy});
  }
  return samples;
}

}  // namespace dynofa::tools::search
