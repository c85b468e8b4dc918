#ifndef DYNOFA_DAEMON_HARDWARE_SYSFS_FAKE_CPUFREQ_H_
#define DYNOFA_DAEMON_HARDWARE_SYSFS_FAKE_CPUFREQ_H_

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "daemon/base/strings.h"
#include "daemon/hardware/cpufreq_rules.h"
#include "daemon/hardware/journal/journal.h"
#include "daemon/hardware/journal/restore_rule.h"
#include "daemon/hardware/sysfs/attributes.h"

namespace dynofa::hardware::sysfs {

/// Makes the n-th change of the world (a knob's write, a journal's save or removal) go wrong.
/// For tests, shared by the fakes below.
struct Trouble {
  enum class Kind {
    kNone,
    kFails,       ///< that one change is refused
    kDiesBefore,  ///< the process dies before it: it and all later ones do not happen
    kDiesAfter,   ///< the process dies after it: all later ones do not happen
  };
  Kind kind = Kind::kNone;
  int at = 0;
  int changes = 0;
  bool dead = false;

  /// Whether the next change happens.
  bool Next() {
    const bool now = kind != Kind::kNone && changes++ == at;
    if (dead) return false;
    if (now && kind != Kind::kFails) dead = true;
    return !now || kind == Kind::kDiesAfter;
  }
};

/// A cpufreq policy in memory, with the kernel's semantics: nothing but text is refused, values
/// are rounded and clamped, requests are remembered behind caps.
struct FakePolicy {
  std::vector<std::int64_t> table = {800000, 1400000, 2000000, 2500000, 3000000};
  std::vector<std::string> governors = {"performance", "powersave", "schedutil"};
  std::string governor = "schedutil";
  Limits requested = {800000, 3000000};
  std::int64_t cap_khz = 0;
  std::int64_t bios_limit_khz = 0;  ///< what firmware says of its cap; 0 = it has no such file
  int writes = 0;

  Limits effective() const { return EffectiveLimits(requested, table, cap_khz); }
};

class FakeCpufreq final : public Attributes {
 public:
  /// All of them must outlive the attributes.
  FakeCpufreq(FakePolicy& policy, Trouble& trouble) : policy_(policy), trouble_(trouble) {}

  absl::StatusOr<std::string> Read(const std::string& name) override {
    const Limits limits = policy_.effective();
    if (name == "related_cpus") return std::string("0 1\n");
    if (name == "scaling_governor") return policy_.governor + "\n";
    if (name == "scaling_min_freq") return base::StrCat(limits.min_khz, "\n");
    if (name == "scaling_max_freq") return base::StrCat(limits.max_khz, "\n");
    if (name == "scaling_cur_freq") return base::StrCat(limits.max_khz, "\n");
    if (name == "cpuinfo_min_freq") return base::StrCat(policy_.table.front(), "\n");
    if (name == "cpuinfo_max_freq") return base::StrCat(policy_.table.back(), "\n");
    if (name == "bios_limit" && policy_.bios_limit_khz > 0) {
      return base::StrCat(policy_.bios_limit_khz, "\n");
    }
    if (name == "scaling_available_governors") return Join(policy_.governors);
    // Drivers list frequencies in any order.
    if (name == "scaling_available_frequencies") {
      return Join(std::vector<std::int64_t>(policy_.table.rbegin(), policy_.table.rend()));
    }
    return AttributeError(ENOENT, name);
  }

  absl::Status Write(const std::string& name, std::string_view text) override {
    if (!trouble_.Next()) return AttributeError(EIO, name);
    ++policy_.writes;
    const std::string value(journal::Trimmed(text));
    if (name == "scaling_governor") {
      const auto& known = policy_.governors;
      if (std::find(known.begin(), known.end(), value) == known.end()) {
        return AttributeError(EINVAL, name);
      }
      policy_.governor = value;
      return absl::OkStatus();
    }
    std::int64_t khz = 0;
    if (!absl::SimpleAtoi(value, &khz) || khz < 0) return AttributeError(EINVAL, name);
    (name == "scaling_min_freq" ? policy_.requested.min_khz : policy_.requested.max_khz) = khz;
    return absl::OkStatus();
  }

  bool Writable(const std::string&) override { return true; }

 private:
  template <typename T>
  static std::string Join(const std::vector<T>& values) {
    std::string text;
    for (const T& value : values) text += base::StrCat(value, " ");
    return text + "\n";
  }

  FakePolicy& policy_;
  Trouble& trouble_;
};

/// A journal's store in memory.
class FakeStore final : public journal::Store {
 public:
  explicit FakeStore(Trouble& trouble) : trouble_(trouble) {}

  absl::StatusOr<std::optional<std::string>> Load() override { return text; }
  absl::Status Save(std::string_view next) override {
    if (!trouble_.Next()) return absl::ResourceExhaustedError("disk full");
    text = std::string(next);
    return absl::OkStatus();
  }
  absl::Status Remove() override {
    if (!trouble_.Next()) return absl::ResourceExhaustedError("read-only");
    text.reset();
    return absl::OkStatus();
  }
  std::string MoveAside() override { return "nowhere"; }

  std::optional<std::string> text;

 private:
  Trouble& trouble_;
};

}  // namespace dynofa::hardware::sysfs

#endif  // DYNOFA_DAEMON_HARDWARE_SYSFS_FAKE_CPUFREQ_H_
