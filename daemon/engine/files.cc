#include "daemon/engine/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/base/unique_fd.h"

namespace dynofa::engine {
namespace {

absl::Status ReadFully(int fd, std::span<std::byte> buffer, const std::string& path) {
  while (!buffer.empty()) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return base::ErrnoStatus(errno, path);
    if (count == 0) {
      return absl::InvalidArgumentError(base::StrCat(path, ": shrank while it was read"));
    }
    buffer = buffer.subspan(static_cast<std::size_t>(count));
  }
  return absl::OkStatus();
}

absl::Status WriteFully(int fd, std::span<const std::byte> buffer, const std::string& path) {
  while (!buffer.empty()) {
    const ssize_t count = ::write(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return base::ErrnoStatus(errno, path);
    buffer = buffer.subspan(static_cast<std::size_t>(count));
  }
  return absl::OkStatus();
}

// The rename is durable only when the directory is.
absl::Status SyncDirectoryOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  base::UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0 || ::fsync(fd.get()) != 0) return base::ErrnoStatus(errno, directory);
  return absl::OkStatus();
}

absl::Status FillAndRename(int fd, const std::string& temporary, const std::string& path,
                           std::span<const std::span<const std::byte>> parts) {
  for (const auto& part : parts) DYNOFA_RETURN_IF_ERROR(WriteFully(fd, part, temporary));
  constexpr mode_t kReadableByAll = 0644;
  if (::fchmod(fd, kReadableByAll) != 0 || ::fsync(fd) != 0) {
    return base::ErrnoStatus(errno, temporary);
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) return base::ErrnoStatus(errno, path);
  return SyncDirectoryOf(path);
}

}  // namespace

absl::StatusOr<std::vector<std::byte>> ReadWholeFile(const std::string& path, std::int64_t limit) {
  // Without O_NONBLOCK a FIFO in place of the file would stop us here.
  base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0) return base::ErrnoStatus(errno, path);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return base::ErrnoStatus(errno, path);
  if (!S_ISREG(status.st_mode)) {
    return absl::InvalidArgumentError(base::StrCat(path, ": is not a regular file"));
  }
  if (status.st_size > limit) {
    return absl::InvalidArgumentError(
        base::StrCat(path, ": has ", status.st_size, " bytes; at most ", limit, " are accepted"));
  }
  std::vector<std::byte> contents(static_cast<std::size_t>(status.st_size));
  DYNOFA_RETURN_IF_ERROR(ReadFully(fd.get(), contents, path));
  return contents;
}

absl::Status WriteWholeFile(const std::string& path,
                            std::span<const std::span<const std::byte>> parts) {
  std::string temporary = path + ".XXXXXX";
  base::UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (fd.get() < 0) return base::ErrnoStatus(errno, temporary);
  const absl::Status status = FillAndRename(fd.get(), temporary, path, parts);
  if (!status.ok()) ::unlink(temporary.c_str());
  return status;
}

}  // namespace dynofa::engine
