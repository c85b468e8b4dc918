#include "daemon/hardware/sysfs/process_stats.h"

#include <filesystem>
#include <string_view>
#include <system_error>

#include "daemon/base/strings.h"
#include "daemon/hardware/sysfs/attributes.h"
#include "daemon/hardware/sysfs/class_folder.h"
#include "daemon/hardware/sysfs/frequency_unit.h"

namespace dynofa::hardware::sysfs {
namespace {

constexpr std::string_view kVoluntary = "\nvoluntary_ctxt_switches:";

}  // namespace

absl::StatusOr<std::int64_t> VoluntarySwitches(pid_t pid, const std::string& proc) {
  std::int64_t sum = 0;
  bool any = false;
  for (const FoundDevice& thread : DevicesIn(base::StrCat(proc, "/", pid, "/task"))) {
    const std::string status = thread.attributes->Read("status").value_or("");
    const std::size_t at = status.find(kVoluntary);
    if (at == std::string::npos) continue;
    sum += ParseWhole(std::string_view(status).substr(at + kVoluntary.size())).value_or(0);
    any = true;
  }
  if (!any) return absl::NotFoundError(base::StrCat("there is no process ", pid));
  return sum;
}

std::string ProgramFolder() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "" : program.parent_path().string();
}

}  // namespace dynofa::hardware::sysfs
