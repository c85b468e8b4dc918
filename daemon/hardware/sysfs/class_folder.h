#ifndef DYNOFA_DAEMON_HARDWARE_SYSFS_CLASS_FOLDER_H_
#define DYNOFA_DAEMON_HARDWARE_SYSFS_CLASS_FOLDER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/hardware/sysfs/attributes.h"

namespace dynofa::hardware::sysfs {

/// A device in a folder of the kernel's (a class or a bus). Its name may change with the next
/// boot: only content tells what it is.
struct FoundDevice {
  std::string name;
  std::string folder;
  std::unique_ptr<Attributes> attributes;
};

/// The devices in `folder` whose names begin with `prefix`, by name; none if it is not there.
std::vector<FoundDevice> DevicesIn(const std::string& folder, std::string_view prefix = "");

/// What the kernel says of the parent device.
struct ParentDevice {
  std::string driver;      ///< of uevent
  std::string node;        ///< name of its device tree node
  std::string path;        ///< of the node
  std::string compatible;  ///< first of the node
};
ParentDevice ParentOf(const FoundDevice& device);

/// An attribute's one line without its end; empty if it cannot be read.
std::string ReadLine(Attributes& attributes, const std::string& name);

/// An attribute that is one whole number.
std::optional<std::int64_t> ReadNumber(Attributes& attributes, const std::string& name);

/// `text` in lower case.
std::string Lower(std::string text);

}  // namespace dynofa::hardware::sysfs

#endif  // DYNOFA_DAEMON_HARDWARE_SYSFS_CLASS_FOLDER_H_
