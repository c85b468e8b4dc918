#ifndef DYNOFA_DAEMON_HARDWARE_SYSFS_ATTRIBUTES_H_
#define DYNOFA_DAEMON_HARDWARE_SYSFS_ATTRIBUTES_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace dynofa::hardware::sysfs {

/// The attributes of one kernel object (or of its copy in a test). Names are single path
/// components. Thread-safe as far as the kernel is; the fakes of tests are thread-compatible.
class Attributes {
 public:
  virtual ~Attributes() = default;

  /// The value as it is, with its newline.
  virtual absl::StatusOr<std::string> Read(const std::string& name) = 0;

  /// Gives `text` to the kernel in one write(2). OK means that the kernel took it, not that it
  /// has effect: read back to know. The error's message tells the cause.
  virtual absl::Status Write(const std::string& name, std::string_view text) = 0;

  /// Whether this process may write the attribute.
  virtual bool Writable(const std::string& name) = 0;
};

/// The attributes in a folder. The folder is held open, so that later calls see the same object;
/// symbolic links are followed on the way to it, not inside it. Attributes that are read again
/// and again are held open, too.
absl::StatusOr<std::unique_ptr<Attributes>> OpenAttributes(const std::string& folder);

/// The names in a folder, sorted; empty if it cannot be read.
std::vector<std::string> ListFolder(const std::string& folder);

/// What a failed read or write of an attribute means.
absl::Status AttributeError(int error, std::string_view name);

/// "0-2,5" and "0 1 2 5" as CPU numbers; empty for anything else.
std::vector<int> ParseCpuList(std::string_view text);

}  // namespace dynofa::hardware::sysfs

#endif  // DYNOFA_DAEMON_HARDWARE_SYSFS_ATTRIBUTES_H_
