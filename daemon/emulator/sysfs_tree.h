#ifndef DYNOFA_DAEMON_EMULATOR_SYSFS_TREE_H_
#define DYNOFA_DAEMON_EMULATOR_SYSFS_TREE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/emulator/emulated_board.h"

namespace dynofa::emulator {

/// One entry of the tree.
struct TreeNode {
  enum class Kind { kFolder, kFile, kLink };
  Kind kind = Kind::kFolder;
  /// Of a link: relative, as in sysfs.
  std::string target;
  /// Of a file: its text now.
  std::function<std::string()> read;
  /// Of a file that can be written: takes one write(2), gives 0 or its errno. May block.
  std::function<int(std::string_view)> write;
};

/// An emulated board as the files that the kernel shows of such a machine below its sysfs:
/// cpufreq policies, devfreq, thermal zones with trips and cooling devices, INA3221, INA231 and
/// RAPL. Semantics are those of Linux 6.1 and 6.12 (drivers/cpufreq/cpufreq.c,
/// drivers/devfreq/devfreq.c, drivers/thermal/thermal_sysfs.c): limits are clamped and rounded, not
/// refused; the minimum follows the maximum and its request is remembered; text that is no number
/// is EINVAL. Left out: userspace's set_freq, statistics, what processes use.
///
/// Folders come and go with clusters and faults. Thread-safe.
class SysfsTree {
 public:
  /// `board` must outlive the tree.
  explicit SysfsTree(EmulatedBoard& board) : board_(board) {}

  /// What is at a path ("class/thermal"; "" is the root), or nullptr. Links are not followed. The
  /// node stays valid when the tree changes.
  std::shared_ptr<const TreeNode> Find(const std::string& path);

  /// The names in a folder, sorted.
  std::vector<std::string> List(const std::string& path);

 private:
  using Nodes = std::map<std::string, std::shared_ptr<const TreeNode>>;

  /// The tree as the board is now: made anew when a cluster, a knob, a zone or a rail has come or
  /// gone.
  std::shared_ptr<const Nodes> Present();

  EmulatedBoard& board_;
  std::mutex mutex_;
  std::string shape_;  ///< of what `nodes_` was made
  std::shared_ptr<const Nodes> nodes_;
};

}  // namespace dynofa::emulator

#endif  // DYNOFA_DAEMON_EMULATOR_SYSFS_TREE_H_
