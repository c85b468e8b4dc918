#ifndef DYNOFA_TESTS_SUPPORT_FAKE_DRIVER_H_
#define DYNOFA_TESTS_SUPPORT_FAKE_DRIVER_H_

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/hardware/board.h"

namespace dynofa::tests {

/// A board of two clusters, "cpu0" and "cpu2", in memory: keeps what was applied, counts what was
/// released, and blocks or fails on demand.
class FakeDriver final : public hardware::BoardDriver {
 public:
  FakeDriver() {
    info_.name = "fake";
    for (const char* id : {"cpu0", "cpu2"}) {
      policies::ClusterInfo cluster;
      cluster.id = id;
      cluster.host_cpus = {0};
      cluster.frequencies_khz = {100, 200};
      cluster.writable = true;
      info_.clusters.push_back(cluster);
    }
  }

  const hardware::BoardInfo& info() const override { return info_; }

  /// Before it is served.
  void AddNote(const std::string& note) { info_.notes.push_back(note); }

  hardware::ApplyResult Apply(const std::vector<policies::ClusterSetting>& settings) override {
    hardware::ApplyResult result;
    for (const policies::ClusterSetting& setting : settings) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return blocked_.count(setting.cluster) == 0; });
      applied_[setting.cluster] = setting;
      order_.push_back(setting.cluster);
      result.outcomes.push_back({setting.cluster, absl::OkStatus(), setting, setting, ""});
    }
    return result;
  }

  absl::StatusOr<hardware::BoardReading> Read() override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return blocked_.count("read") == 0; });
    hardware::BoardReading reading;
    for (const auto& [cluster, setting] : applied_) {
      hardware::ClusterReading entry;
      entry.cluster = cluster;
      entry.max_khz = setting.max_khz;
      reading.clusters.push_back(entry);
    }
    return reading;
  }

  absl::Status ReleaseCluster(const std::string& cluster) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return blocked_.count(cluster) == 0; });
    applied_.erase(cluster);
    ++releases_;
    changed_.notify_all();
    return absl::OkStatus();
  }

  bool MayBeOutdated() override { return outdated_; }
  /// A clock has appeared that this driver does not have.
  void Outdate() { outdated_ = true; }

  void ReportLoad(const std::vector<hardware::ClusterLoad>& loads) override {
    std::lock_guard lock(mutex_);
    loads_ = loads;
    ++reports_;
  }

  /// Calls for `what` (a cluster, or "read") do not return until unblocked.
  void Block(const std::string& what) {
    std::lock_guard lock(mutex_);
    blocked_.insert(what);
  }
  void Unblock(const std::string& what) {
    std::lock_guard lock(mutex_);
    blocked_.erase(what);
    changed_.notify_all();
  }

  std::map<std::string, policies::ClusterSetting> applied() {
    std::lock_guard lock(mutex_);
    return applied_;
  }
  /// The clusters in the order in which they were set.
  std::vector<std::string> order() {
    std::lock_guard lock(mutex_);
    return order_;
  }
  int releases() {
    std::lock_guard lock(mutex_);
    return releases_;
  }
  int reports() {
    std::lock_guard lock(mutex_);
    return reports_;
  }
  std::vector<hardware::ClusterLoad> loads() {
    std::lock_guard lock(mutex_);
    return loads_;
  }

 private:
  std::atomic<bool> outdated_{false};
  hardware::BoardInfo info_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> blocked_;
  std::map<std::string, policies::ClusterSetting> applied_;
  std::vector<std::string> order_;
  std::vector<hardware::ClusterLoad> loads_;
  int releases_ = 0;
  int reports_ = 0;
};

}  // namespace dynofa::tests

#endif  // DYNOFA_TESTS_SUPPORT_FAKE_DRIVER_H_
