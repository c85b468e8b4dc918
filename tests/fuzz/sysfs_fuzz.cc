// A kernel (or a driver of a vendor, or a file system in its place) that shows anything at all: the
// input is the texts of the attributes, each up to a zero byte, in the order of kNames.

#include <array>
#include <cerrno>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "daemon/base/log.h"
#include "daemon/hardware/journal/journal.h"
#include "daemon/hardware/sysfs/clock_cluster.h"
#include "daemon/hardware/sysfs/clock_device.h"
#include "tests/fuzz/fuzz.h"

namespace dynofa::hardware::sysfs {
namespace {

constexpr std::array kNames = {"related_cpus",
                               "scaling_governor",
                               "scaling_min_freq",
                               "scaling_max_freq",
                               "scaling_cur_freq",
                               "cpuinfo_min_freq",
                               "cpuinfo_max_freq",
                               "bios_limit",
                               "scaling_available_governors",
                               "scaling_available_frequencies",
                               "governor",
                               "min_freq",
                               "max_freq",
                               "cur_freq",
                               "available_governors",
                               "available_frequencies"};

using Texts = std::map<std::string, std::string>;

class TextAttributes final : public Attributes {
 public:
  explicit TextAttributes(Texts& texts) : texts_(texts) {}

  absl::StatusOr<std::string> Read(const std::string& name) override {
    const auto found = texts_.find(name);
    if (found == texts_.end()) return AttributeError(ENOENT, name);
    return found->second;
  }
  absl::Status Write(const std::string& name, std::string_view text) override {
    if (text.size() % 7 == 6) return AttributeError(EBUSY, name);
    texts_[name] = std::string(text);
    return absl::OkStatus();
  }
  bool Writable(const std::string&) override { return true; }

 private:
  Texts& texts_;
};

class MemoryStore final : public journal::Store {
 public:
  absl::StatusOr<std::optional<std::string>> Load() override { return text_; }
  absl::Status Save(std::string_view text) override {
    text_ = std::string(text);
    return absl::OkStatus();
  }
  absl::Status Remove() override {
    text_.reset();
    return absl::OkStatus();
  }
  std::string MoveAside() override { return "nowhere"; }

 private:
  std::optional<std::string> text_;
};

Texts Split(std::string_view input) {
  Texts texts;
  for (const char* name : kNames) {
    const std::size_t end = input.find('\0');
    texts[name] = std::string(input.substr(0, end));
    if (end == std::string_view::npos) break;
    input.remove_prefix(end + 1);
  }
  return texts;
}

void Drive(ClockDevice device) {
  MemoryStore store;
  journal::Journal journal(store, "boot");
  const policies::ClusterInfo info = device.info;
  tests::Require(!info.writable || !info.frequencies_khz.empty(), "what can be set has steps");
  ClockCluster cluster(
      std::move(device), journal,
      {.cap = [](const auto&) { return std::string(); }, .pause = [](base::Duration) {}});
  cluster.Read();
  if (!info.frequencies_khz.empty()) {
    const std::int64_t khz = info.frequencies_khz.back();
    cluster.Apply({info.id, info.governors.empty() ? "" : info.governors.front(), khz, khz});
  }
  cluster.Apply({info.id, "", 0, 1});
  cluster.Read();
  cluster.Release().IgnoreError();
}

}  // namespace
}  // namespace dynofa::hardware::sysfs

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dynofa::hardware::sysfs;
  static const bool quiet = (dynofa::base::SetLogLevelByName("error"), true);
  static_cast<void>(quiet);
  const std::string_view input = dynofa::tests::AsText(data, size);
  ParseCpuList(input);
  Texts texts = Split(input);
  auto policy = ProbeCpufreq(std::make_unique<TextAttributes>(texts), {0, 1, 2, 3});
  if (policy.ok()) Drive(*std::move(policy));
  texts = Split(input);
  auto device = ProbeDevfreq(std::make_unique<TextAttributes>(texts), "17000000.gpu", "gpu0",
                             dynofa::policies::ClusterKind::kGpu);
  if (device.ok()) Drive(*std::move(device));
  return 0;
}
