#include "daemon/emulator/fuse/board_mount.h"

#define FUSE_USE_VERSION 31
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/base/unique_fd.h"

namespace dynofa::emulator::fuse {
namespace {

using Node = std::shared_ptr<const TreeNode>;

/// As sysfs says of every attribute, which has no length.
constexpr off_t kPage = 4096;

SysfsTree& Tree() { return *static_cast<SysfsTree*>(::fuse_get_context()->private_data); }

// Paths of FUSE begin with a slash, those of the tree do not.
Node At(const char* path) { return Tree().Find(path + 1); }

void* Init(fuse_conn_info*, fuse_config* config) {
  config->entry_timeout = config->negative_timeout = config->attr_timeout = 0.0;
  config->kernel_cache = 0;
  config->direct_io = 1;
  return ::fuse_get_context()->private_data;
}

int GetAttributes(const char* path, struct stat* out, fuse_file_info*) {
  const Node node = At(path);
  if (node == nullptr) return -ENOENT;
  *out = {};
  out->st_nlink = 1;
  out->st_uid = ::geteuid();
  out->st_gid = ::getegid();
  switch (node->kind) {
    case TreeNode::Kind::kFolder:
      out->st_mode = S_IFDIR | 0755;
      break;
    case TreeNode::Kind::kLink:
      out->st_mode = S_IFLNK | 0777;
      out->st_size = static_cast<off_t>(node->target.size());
      break;
    case TreeNode::Kind::kFile:
      out->st_mode = S_IFREG | (node->write ? 0644 : 0444);
      out->st_size = kPage;
      break;
  }
  return 0;
}

int ReadLink(const char* path, char* out, size_t size) {
  const Node node = At(path);
  if (node == nullptr) return -ENOENT;
  if (node->kind != TreeNode::Kind::kLink) return -EINVAL;
  if (size == 0) return 0;
  const std::size_t length = std::min(node->target.size(), size - 1);
  std::memcpy(out, node->target.data(), length);
  out[length] = '\0';
  return 0;
}

int ReadFolder(const char* path, void* out, fuse_fill_dir_t fill, off_t, fuse_file_info*,
               fuse_readdir_flags) {
  const Node node = At(path);
  if (node == nullptr) return -ENOENT;
  const auto add = [&](const char* name) {
    fill(out, name, nullptr, 0, static_cast<fuse_fill_dir_flags>(0));
  };
  add(".");
  add("..");
  for (const std::string& name : Tree().List(path + 1)) add(name.c_str());
  return 0;
}

int Open(const char* path, fuse_file_info* info) {
  const Node node = At(path);
  if (node == nullptr) return -ENOENT;
  if ((info->flags & O_ACCMODE) != O_RDONLY && !node->write) return -EACCES;
  return 0;
}

// A file that was opened and has gone since is a device that has gone.
int Read(const char* path, char* out, size_t size, off_t offset, fuse_file_info*) {
  const Node node = At(path);
  if (node == nullptr || !node->read) return -ENODEV;
  const std::string text = node->read();
  if (offset < 0 || static_cast<std::size_t>(offset) >= text.size()) return 0;
  const std::size_t length = std::min(size, text.size() - static_cast<std::size_t>(offset));
  std::memcpy(out, text.data() + offset, length);
  return static_cast<int>(length);
}

int Write(const char* path, const char* text, size_t size, off_t, fuse_file_info*) {
  const Node node = At(path);
  if (node == nullptr || !node->write) return -ENODEV;
  if (size > static_cast<std::size_t>(kPage)) return -EINVAL;
  const int error = node->write(std::string_view(text, size));
  return error == 0 ? static_cast<int>(size) : -error;
}

// Shells open with O_TRUNC; an attribute has no length to set.
int Truncate(const char*, off_t, fuse_file_info*) { return 0; }

fuse_operations Operations() {
  fuse_operations operations{};
  operations.init = Init;
  operations.getattr = GetAttributes;
  operations.readlink = ReadLink;
  operations.readdir = ReadFolder;
  operations.open = Open;
  operations.read = Read;
  operations.write = Write;
  operations.truncate = Truncate;
  return operations;
}

// What the library would only print.
absl::Status CheckMountable(const std::string& folder) {
  struct stat info {};
  if (::stat(folder.c_str(), &info) != 0) return base::ErrnoStatus(errno, folder);
  if (!S_ISDIR(info.st_mode)) {
    return absl::InvalidArgumentError(base::StrCat(folder, ": not a folder"));
  }
  const base::UniqueFd device(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
  if (device.valid()) return absl::OkStatus();
  return base::Annotate(base::ErrnoStatus(errno, "/dev/fuse"),
                        "a board cannot be mounted here (modprobe fuse, or run it as root)");
}

struct Destroy {
  void operator()(::fuse* fuse) const { ::fuse_destroy(fuse); }
};

}  // namespace

absl::Status ServeBoard(SysfsTree& tree, const std::string& folder,
                        const std::function<void()>& mounted) {
  DYNOFA_RETURN_IF_ERROR(CheckMountable(folder));
  // Only root may let other users in without a line in /etc/fuse.conf.
  std::string options = "-ofsname=dynofa-board,default_permissions";
  if (::geteuid() == 0) options += ",allow_other";
  std::string name = "dynofa-board";
  std::array<char*, 2> arguments = {name.data(), options.data()};
  fuse_args args = FUSE_ARGS_INIT(static_cast<int>(arguments.size()), arguments.data());
  const fuse_operations operations = Operations();
  const std::unique_ptr<::fuse, Destroy> fuse(
      ::fuse_new(&args, &operations, sizeof(operations), &tree));
  ::fuse_opt_free_args(&args);
  if (fuse == nullptr) return absl::InternalError("libfuse cannot be set up");
  if (::fuse_mount(fuse.get(), folder.c_str()) != 0) {
    return absl::UnavailableError(base::StrCat(folder, ": cannot be mounted; `fusermount3 -u ",
                                               folder,
                                               "` removes what a killed server left there"));
  }
  fuse_session* session = ::fuse_get_session(fuse.get());
  int ended = ::fuse_set_signal_handlers(session);
  if (ended == 0) {
    mounted();
    ended = ::fuse_loop_mt(fuse.get(), /*clone_fd=*/0);
    ::fuse_remove_signal_handlers(session);
  }
  ::fuse_unmount(fuse.get());
  // A positive number is the signal that ended it.
  if (ended < 0) return base::ErrnoStatus(-ended, folder);
  return absl::OkStatus();
}

}  // namespace dynofa::emulator::fuse
