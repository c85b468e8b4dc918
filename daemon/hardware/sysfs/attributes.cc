#include "daemon/hardware/sysfs/attributes.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <map>
#include <mutex>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/base/unique_fd.h"

namespace dynofa::hardware::sysfs {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kLongest = 64 * kPage;
constexpr int kMostCpus = 65536;

// Of all folders together; far below the limit of descriptors that a service has.
constexpr int kMostHeldOpen = 512;
std::atomic<int> held_open{0};

// A descriptor that counts as held open as long as it lives.
struct HeldFile {
  explicit HeldFile(base::UniqueFd opened) : fd(std::move(opened)) { ++held_open; }
  ~HeldFile() { --held_open; }
  HeldFile(const HeldFile&) = delete;
  HeldFile& operator=(const HeldFile&) = delete;
  base::UniqueFd fd;
};

// A read from the start makes the kernel compute the value anew. An attribute is at most a page,
// which the first read gets; a file of /proc may be longer.
absl::StatusOr<std::string> ReadWhole(int fd, std::string_view name) {
  std::string text;
  std::array<char, kPage> page{};
  ssize_t size = 0;
  do {
    size = ::pread(fd, page.data(), page.size(), static_cast<off_t>(text.size()));
    if (size > 0) text.append(page.data(), static_cast<std::size_t>(size));
  } while ((size < 0 && errno == EINTR) ||
           (size == static_cast<ssize_t>(kPage) && text.size() < kLongest));
  if (size < 0) return AttributeError(errno, name);
  return text;
}

class FolderAttributes final : public Attributes {
 public:
  FolderAttributes(base::UniqueFd folder, bool plain_files)
      : folder_(std::move(folder)), plain_files_(plain_files) {}

  absl::StatusOr<std::string> Read(const std::string& name) override {
    if (const auto held = Held(name)) {
      // The attribute of a device that is gone answers ENODEV; a plain file that is gone does not.
      auto text =
          Unlinked(held->fd.get()) ? AttributeError(ENOENT, name) : ReadWhole(held->fd.get(), name);
      if (text.ok()) return text;
      LetGo(name);
    }
    base::UniqueFd fd(::openat(folder_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd.valid()) return AttributeError(errno, name);
    auto text = ReadWhole(fd.get(), name);
    if (text.ok()) Hold(name, std::move(fd));
    return text;
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
  std::shared_ptr<HeldFile> Held(const std::string& name) {
    std::lock_guard lock(mutex_);
    const auto found = files_.find(name);
    return found == files_.end() ? nullptr : found->second;
  }

  // What is read once stays closed: most attributes are, when the board is opened.
  void Hold(const std::string& name, base::UniqueFd fd) {
    std::lock_guard lock(mutex_);
    const auto [file, first_time] = files_.try_emplace(name, nullptr);
    if (first_time || file->second != nullptr || held_open >= kMostHeldOpen) return;
    file->second = std::make_shared<HeldFile>(std::move(fd));
  }

  void LetGo(const std::string& name) {
    std::lock_guard lock(mutex_);
    files_.erase(name);
  }

  bool Unlinked(int fd) const {
    struct stat info {};
    return plain_files_ && ::fstat(fd, &info) == 0 && info.st_nlink == 0;
  }

  const base::UniqueFd folder_;
  const bool plain_files_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<HeldFile>> files_;  // null: read once
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
  // Ranges that repeat each other must not fill the memory.
  if (cpus.size() + static_cast<std::size_t>(last - first) >= kMostCpus) return false;
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
