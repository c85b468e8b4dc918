#ifndef DYNOFA_DAEMON_HARDWARE_SYSFS_FOLDER_WATCH_H_
#define DYNOFA_DAEMON_HARDWARE_SYSFS_FOLDER_WATCH_H_

#include <string>
#include <vector>

#include "daemon/base/clock.h"

namespace dynofa::hardware::sysfs {

/// Notices that folders have other entries than before, by their names alone, which costs little:
/// the kernel tells nobody who asks for it that a device has come. Thread-compatible.
class FolderWatch {
 public:
  /// Between two looks, at least; so long, too, entries must have stayed as they are. A driver adds
  /// its devices one after another.
  static constexpr base::Duration kPause = std::chrono::seconds(1);

  /// Folders that are not there have no entries.
  explicit FolderWatch(std::vector<std::string> folders);

  /// True once for each change, when it is over.
  bool Look(base::TimePoint now);

  /// Whether there are other entries than at the beginning. Any thread.
  bool Differs() const { return Entries() != first_; }

  /// Counts as a change.
  void Disturb() { changed_ = true; }

 private:
  std::vector<std::string> Entries() const;

  const std::vector<std::string> folders_;
  const std::vector<std::string> first_;
  std::vector<std::string> entries_;
  base::TimePoint looked_{};
  bool changed_ = false;
};

}  // namespace dynofa::hardware::sysfs

#endif  // DYNOFA_DAEMON_HARDWARE_SYSFS_FOLDER_WATCH_H_
