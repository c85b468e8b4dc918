#ifndef DYNOFA_DAEMON_HARDWARE_JOURNAL_FILE_STORE_H_
#define DYNOFA_DAEMON_HARDWARE_JOURNAL_FILE_STORE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "daemon/base/unique_fd.h"
#include "daemon/hardware/journal/journal.h"

namespace dynofa::hardware::journal {

/// A journal in the file "journal.json" of a folder. Saving writes a new file, syncs it, renames
/// it over the old one and syncs the folder. The folder is locked as long as the store lives, so
/// that two processes never restore each other's knobs.
class FileStore final : public Store {
 public:
  /// Creates the folder (mode 0700) if it is not there. ALREADY_EXISTS if another process has it.
  static absl::StatusOr<std::unique_ptr<FileStore>> Open(const std::string& folder);

  absl::StatusOr<std::optional<std::string>> Load() override;
  absl::Status Save(std::string_view text) override;
  absl::Status Remove() override;
  std::string MoveAside() override;

 private:
  FileStore(std::string folder, base::UniqueFd folder_fd, base::UniqueFd lock)
      : folder_(std::move(folder)), folder_fd_(std::move(folder_fd)), lock_(std::move(lock)) {}

  std::string folder_;
  base::UniqueFd folder_fd_;
  base::UniqueFd lock_;
};

}  // namespace dynofa::hardware::journal

#endif  // DYNOFA_DAEMON_HARDWARE_JOURNAL_FILE_STORE_H_
