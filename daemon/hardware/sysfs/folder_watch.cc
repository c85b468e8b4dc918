#include "daemon/hardware/sysfs/folder_watch.h"

#include <utility>

#include "daemon/hardware/sysfs/attributes.h"

namespace dynofa::hardware::sysfs {

FolderWatch::FolderWatch(std::vector<std::string> folders)
    : folders_(std::move(folders)), first_(Entries()), entries_(first_) {}

std::vector<std::string> FolderWatch::Entries() const {
  std::vector<std::string> entries;
  for (const std::string& folder : folders_) {
    for (const std::string& name : ListFolder(folder)) entries.push_back(folder + "/" + name);
  }
  return entries;
}

bool FolderWatch::Look(base::TimePoint now) {
  if (now - looked_ < kPause) return false;
  looked_ = now;
  std::vector<std::string> entries = Entries();
  if (entries != entries_) {
    entries_ = std::move(entries);
    changed_ = true;
    return false;
  }
  return std::exchange(changed_, false);
}

}  // namespace dynofa::hardware::sysfs
