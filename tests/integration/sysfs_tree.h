#ifndef DYNOFA_TESTS_INTEGRATION_SYSFS_TREE_H_
#define DYNOFA_TESTS_INTEGRATION_SYSFS_TREE_H_

#include <string>

#include "tests/support/temp_dir.h"

namespace dynofa::tests {

/// Writes a copy of what a machine with two cpufreq policies (CPUs 0-1 and 2-3) has below /sys,
/// in plain files, under `folder` of `dir`. Returns its root.
inline std::string WriteSysfsTree(const TempDir& dir, const std::string& folder) {
  const auto put = [&](const std::string& name, const std::string& value) {
    dir.Write(folder + "/" + name, value + "\n");
  };
  put("devices/system/cpu/online", "0-3");
  put("devices/system/cpu/present", "0-3");
  for (const int first : {0, 2}) {
    const std::string policy = "devices/system/cpu/cpufreq/policy" + std::to_string(first) + "/";
    const std::string cpus = std::to_string(first) + " " + std::to_string(first + 1);
    put(policy + "related_cpus", cpus);
    put(policy + "affected_cpus", cpus);
    put(policy + "scaling_driver", "cpufreq-dt");
    put(policy + "cpuinfo_min_freq", "408000");
    put(policy + "cpuinfo_max_freq", "1800000");
    put(policy + "cpuinfo_transition_latency", "40000");
    put(policy + "scaling_available_frequencies", "408000 816000 1200000 1800000 ");
    put(policy + "scaling_available_governors", "performance powersave schedutil ");
    put(policy + "scaling_governor", "schedutil");
    put(policy + "scaling_min_freq", "408000");
    put(policy + "scaling_max_freq", "1800000");
    put(policy + "scaling_cur_freq", "816000");
    put(policy + "scaling_setspeed", "<unsupported>");
  }
  put("class/thermal/thermal_zone0/type", "cpu-thermal");
  put("class/thermal/thermal_zone0/temp", "45000");
  return dir / folder;
}

}  // namespace dynofa::tests

#endif  // DYNOFA_TESTS_INTEGRATION_SYSFS_TREE_H_
