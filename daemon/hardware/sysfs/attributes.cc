#include "daemon/hardware/sysfs/attributes.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/base/unique_fd.h"

namespace dynofa::hardware::sysfs {
namespace {

// An attribute is at most one page.
constexpr std::size_t kPage = 4096;
constexpr int kMostCpus = 65536;

class FolderAttributes final : public Attributes {
 public:
  FolderAttributes(base::UniqueFd folder, bool plain_files)
      : folder_(std::move(folder)), plain_files_(plain_files) {}

  absl::StatusOr<std::string> Read(const std::string& name) override {
    base::UniqueFd fd(::openat(folder_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd.valid()) return AttributeError(errno, name);
    std::array<char, kPage> page{};
    ssize_t size = 0;
    do {
      size = ::read(fd.get(), page.data(), page.size());
    } while (size < 0 && errno == EINTR);
    if (size < 0) return AttributeError(errno, name);
    return std::string(page.data(), static_cast<std::size_t>(size));
  }

  absl::Status Write(const std::string& name, std::string_view text) override {
    base::UniqueFd fd(::openat(folder_.get(), name.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd.valid()) return AttributeError(errno, name);
    const ssize_t size = ::write(fd.get(), text.data(), text.size());
    if (size < 0) return AttributeError(errno, name);
    if (static_cast<std::size_t>(size) != text.size()) {
      return absl::InternalError(base::StrCat(name, ": the kernel took a part of the value"));
    }
    // A plain file keeps the tail of a longer old value; an attribute has no length to set.
    if (plain_files_ && ::ftruncate(fd.get(), static_cast<off_t>(text.size())) != 0) {
      return AttributeError(errno, name);
    }
    return absl::OkStatus();
  }

  bool Writable(const std::string& name) override {
    return ::faccessat(folder_.get(), name.c_str(), W_OK, AT_EACCESS) == 0;
  }

 private:
  base::UniqueFd folder_;
  bool plain_files_;
};

bool OnSysfs(int fd) {
  struct statfs info {};
  return ::fstatfs(fd, &info) == 0 && info.f_type == SYSFS_MAGIC;
}

bool AddRange(std::string_view text, std::vector<int>& cpus) {
  int first = 0;
  const char* end = text.data() + text.size();
  auto [next, error] = std::from_chars(text.data(), end, first);
  if (error != std::errc()) return false;
  int last = first;
  if (next != end && *next == '-') {
    const auto range = std::from_chars(next + 1, end, last);
    if (range.ec != std::errc()) return false;
    next = range.ptr;
  }
  if (next != end || first < 0 || last < first || last >= kMostCpus) return false;
  for (int cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
  return true;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Attributes>> OpenAttributes(const std::string& folder) {
  base::UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return base::ErrnoStatus(errno, folder);
  const bool plain_files = !OnSysfs(fd.get());
  return std::unique_ptr<Attributes>(
      std::make_unique<FolderAttributes>(std::move(fd), plain_files));
}

std::vector<std::string> ListFolder(const std::string& folder) {
  std::vector<std::string> names;
  DIR* stream = ::opendir(folder.c_str());
  if (stream == nullptr) return names;
  while (const dirent* entry = ::readdir(stream)) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  ::closedir(stream);
  std::sort(names.begin(), names.end());
  return names;
}

absl::Status AttributeError(int error, std::string_view name) {
  const absl::Status status = base::ErrnoStatus(error, name);
  const auto because = [&](std::string_view cause) {
    return absl::Status(status.code(),
                        base::StrCat(base::FromAbsl(status.message()), " (", cause, ")"));
  };
  switch (error) {
    case EBUSY:
      return because("the CPUs are offline, or another control has priority");
    case EINVAL:
      return because("out of range, or not with this governor");
    case EPERM:
    case EACCES:
      return because("no permission, or the kernel is locked down");
    case ENODATA:
    case ENOSYS:
    case EOPNOTSUPP:
      return because("the driver does not support it");
    case ENODEV:
    case ENOENT:
      return because("the device is gone");
    default:
      return status;
  }
}

std::vector<int> ParseCpuList(std::string_view text) {
  std::vector<int> cpus;
  while (true) {
    const std::size_t begin = text.find_first_not_of(", \t\r\n");
    if (begin == std::string_view::npos) break;
    text.remove_prefix(begin);
    const std::size_t length = std::min(text.find_first_of(", \t\r\n"), text.size());
    if (!AddRange(text.substr(0, length), cpus)) return {};
    text.remove_prefix(length);
  }
  std::sort(cpus.begin(), cpus.end());
  cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
  return cpus;
}

}  // namespace dynofa::hardware::sysfs
