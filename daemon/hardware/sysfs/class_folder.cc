#include "daemon/hardware/sysfs/class_folder.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "absl/strings/str_split.h"
#include "daemon/base/strings.h"
#include "daemon/hardware/journal/restore_rule.h"
#include "daemon/hardware/sysfs/frequency_unit.h"

namespace dynofa::hardware::sysfs {
namespace {

// "KEY=value" lines: the value of a key, or nothing.
std::string ValueOf(std::string_view text, std::string_view key) {
  for (const auto line : absl::StrSplit(base::ToAbsl(text), '\n')) {
    const std::string_view entry = base::FromAbsl(line);
    if (entry.size() > key.size() && entry.substr(0, key.size()) == key &&
        entry[key.size()] == '=') {
      return std::string(journal::Trimmed(entry.substr(key.size() + 1)));
    }
  }
  return "";
}

}  // namespace

std::vector<FoundDevice> DevicesIn(const std::string& folder, std::string_view prefix) {
  std::vector<FoundDevice> devices;
  for (const std::string& name : ListFolder(folder)) {
    if (name.compare(0, prefix.size(), prefix) != 0) continue;
    std::string path = base::StrCat(folder, "/", name);
    auto attributes = OpenAttributes(path);
    if (attributes.ok()) devices.push_back({name, std::move(path), *std::move(attributes)});
  }
  return devices;
}

ParentDevice ParentOf(const FoundDevice& device) {
  ParentDevice parent;
  const std::string folder = device.folder + "/device";
  if (const auto attributes = OpenAttributes(folder); attributes.ok()) {
    const std::string uevent = (*attributes)->Read("uevent").value_or("");
    parent.driver = ValueOf(uevent, "DRIVER");
    parent.node = ValueOf(uevent, "OF_NAME");
    parent.path = ValueOf(uevent, "OF_FULLNAME");
    parent.compatible = ValueOf(uevent, "OF_COMPATIBLE_0");
  }
  if (!parent.node.empty()) return parent;
  if (const auto attributes = OpenAttributes(folder + "/of_node"); attributes.ok()) {
    parent.node = ReadLine(**attributes, "name");
    std::erase(parent.node, '\0');
  }
  return parent;
}

std::string ReadLine(Attributes& attributes, const std::string& name) {
  const auto text = attributes.Read(name);
  return text.ok() ? std::string(journal::Trimmed(*text)) : "";
}

std::optional<std::int64_t> ReadNumber(Attributes& attributes, const std::string& name) {
  const auto text = attributes.Read(name);
  return text.ok() ? ParseWhole(*text) : std::nullopt;
}

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace dynofa::hardware::sysfs
