#include "daemon/hardware/sysfs/processor_load.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "absl/strings/str_split.h"
#include "daemon/base/strings.h"
#include "daemon/hardware/sysfs/frequency_unit.h"

namespace dynofa::hardware::sysfs {
namespace {

// user nice system idle iowait irq softirq steal: the columns that do not count twice.
constexpr std::size_t kColumns = 8;
constexpr std::size_t kIdle = 3;
constexpr std::size_t kWaiting = 4;
// Weight of the newest window: a window of half a second is some fifty ticks.
constexpr double kWeight = 0.5;

std::unique_ptr<Attributes> Open(const std::string& proc, const char* folder) {
  if (proc.empty()) return nullptr;
  auto attributes = OpenAttributes(proc + folder);
  return attributes.ok() ? *std::move(attributes) : nullptr;
}

std::optional<std::pair<int, CpuTicks>> ParseLine(std::string_view line) {
  const std::vector<absl::string_view> words =
      absl::StrSplit(base::ToAbsl(line), ' ', absl::SkipEmpty());
  if (words.size() <= kColumns || words[0].substr(0, 3) != "cpu") return std::nullopt;
  const auto cpu = ParseWhole(base::FromAbsl(words[0].substr(3)));
  if (!cpu || *cpu < 0 || *cpu > std::numeric_limits<int>::max()) return std::nullopt;
  CpuTicks ticks;
  for (std::size_t i = 0; i < kColumns; ++i) {
    const auto value = ParseWhole(base::FromAbsl(words[i + 1]));
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / kColumns;
    if (!value || *value < 0 || *value > kMost) return std::nullopt;
    ticks.all += *value;
    if (i != kIdle && i != kWaiting) ticks.busy += *value;
  }
  return std::pair(static_cast<int>(*cpu), ticks);
}

}  // namespace

std::map<int, CpuTicks> ParseCpuTicks(std::string_view text) {
  std::map<int, CpuTicks> cpus;
  for (const auto line : absl::StrSplit(base::ToAbsl(text), '\n')) {
    if (const auto entry = ParseLine(base::FromAbsl(line))) cpus.insert(*entry);
  }
  return cpus;
}

std::optional<double> ParsePressure(std::string_view text) {
  constexpr std::string_view kBefore = "some avg10=";
  if (text.substr(0, kBefore.size()) != kBefore) return std::nullopt;
  text.remove_prefix(kBefore.size());
  double percent = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
  const bool whole = error == std::errc() && end != text.data() + text.size() && *end == ' ';
  if (!whole || !(percent >= 0.0 && percent <= 100.0)) return std::nullopt;
  return percent / 100.0;
}

ProcessorLoad::ProcessorLoad(const std::string& proc,
                             const std::vector<policies::ClusterInfo>& clusters,
                             std::vector<std::string>& notes)
    : proc_(Open(proc, "")), pressure_(Open(proc, "/pressure")) {
  for (const policies::ClusterInfo& cluster : clusters) {
    if (cluster.kind == policies::ClusterKind::kCpu) {
      clusters_.push_back({cluster.id, cluster.host_cpus});
    }
  }
  if (proc.empty() || proc_ == nullptr || ParseCpuTicks(proc_->Read("stat").value_or("")).empty()) {
    notes.push_back(
        "the load of other programs is unknown: the kernel's statistics of the CPUs "
        "cannot be read");
  } else if (!pressure()) {
    notes.push_back("the kernel has no pressure stall information (PSI)");
  }
}

void ProcessorLoad::EndWindow(const std::vector<ClusterLoad>& own) {
  if (proc_ == nullptr) return;
  const auto now = ParseCpuTicks(proc_->Read("stat").value_or(""));
  std::lock_guard lock(mutex_);
  for (Cluster& cluster : clusters_) {
    double busy_cpus = 0.0;
    int seen = 0;
    for (const int cpu : cluster.cpus) {
      const auto before = last_.find(cpu);
      const auto after = now.find(cpu);
      if (before == last_.end() || after == now.end()) continue;
      // Counters of a CPU that was away can go back.
      const std::int64_t all = after->second.all - before->second.all;
      const std::int64_t busy = after->second.busy - before->second.busy;
      if (all <= 0 || busy < 0) continue;
      busy_cpus += std::min(1.0, static_cast<double>(busy) / static_cast<double>(all));
      ++seen;
    }
    if (seen == 0) continue;
    for (const ClusterLoad& load : own) {
      if (load.cluster == cluster.id) busy_cpus -= load.cpus;
    }
    const double others = std::clamp(busy_cpus / seen, 0.0, 1.0);
    cluster.others = cluster.known ? cluster.others + kWeight * (others - cluster.others) : others;
    cluster.known = true;
  }
  last_ = now;
}

double ProcessorLoad::Of(const std::string& id) const {
  std::lock_guard lock(mutex_);
  for (const Cluster& cluster : clusters_) {
    if (cluster.id == id) return cluster.others;
  }
  return 0.0;
}

std::optional<double> ProcessorLoad::pressure() const {
  return pressure_ == nullptr ? std::nullopt : ParsePressure(pressure_->Read("cpu").value_or(""));
}

}  // namespace dynofa::hardware::sysfs
