#include "daemon/hardware/journal/file_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"

namespace dynofa::hardware::journal {
namespace {

constexpr char kName[] = "journal.json";
constexpr char kNewName[] = "journal.json.new";
constexpr char kBadName[] = "journal.json.unreadable";
constexpr std::size_t kMostBytes = 8u << 20;

absl::Status WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return base::ErrnoStatus(errno, kNewName);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileStore>> FileStore::Open(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return base::ErrnoStatus(errno, base::StrCat("cannot create ", folder));
  }
  base::UniqueFd folder_fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder_fd.valid()) return base::ErrnoStatus(errno, folder);
  base::UniqueFd lock(
      ::openat(folder_fd.get(), "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.valid()) return base::ErrnoStatus(errno, base::StrCat(folder, "/lock"));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return absl::AlreadyExistsError(
        base::StrCat(folder, " is in use by another process; stop it or use another folder"));
  }
  return std::unique_ptr<FileStore>(new FileStore(folder, std::move(folder_fd), std::move(lock)));
}

absl::StatusOr<std::optional<std::string>> FileStore::Load() {
  base::UniqueFd fd(::openat(folder_fd_.get(), kName, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.valid() && errno == ENOENT) return std::nullopt;
  if (!fd.valid()) return base::ErrnoStatus(errno, kName);
  std::string text;
  std::array<char, 4096> chunk{};
  for (;;) {
    const ssize_t count = ::read(fd.get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return base::ErrnoStatus(errno, kName);
    if (count == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(count));
    if (text.size() > kMostBytes) return absl::InvalidArgumentError("the journal is too long");
  }
}

absl::Status FileStore::Save(std::string_view text) {
  base::UniqueFd fd(::openat(folder_fd_.get(), kNewName,
                             O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return base::ErrnoStatus(errno, kNewName);
  DYNOFA_RETURN_IF_ERROR(WriteAll(fd.get(), text));
  if (::fsync(fd.get()) != 0) return base::ErrnoStatus(errno, "fsync");
  if (::renameat(folder_fd_.get(), kNewName, folder_fd_.get(), kName) != 0) {
    return base::ErrnoStatus(errno, "rename");
  }
  if (::fsync(folder_fd_.get()) != 0) return base::ErrnoStatus(errno, "fsync");
  return absl::OkStatus();
}

absl::Status FileStore::Remove() {
  if (::unlinkat(folder_fd_.get(), kName, 0) != 0 && errno != ENOENT) {
    return base::ErrnoStatus(errno, kName);
  }
  return absl::OkStatus();
}

std::string FileStore::MoveAside() {
  const bool moved = ::renameat(folder_fd_.get(), kName, folder_fd_.get(), kBadName) == 0;
  return base::StrCat(folder_, "/", moved ? kBadName : kName);
}

}  // namespace dynofa::hardware::journal
