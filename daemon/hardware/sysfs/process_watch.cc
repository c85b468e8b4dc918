#include "daemon/hardware/sysfs/process_watch.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "daemon/base/strings.h"
#include "daemon/hardware/journal/restore_rule.h"
#include "daemon/hardware/other_actors.h"
#include "daemon/hardware/sysfs/attributes.h"

namespace dynofa::hardware::sysfs {
namespace {

bool IsProcess(const std::string& name) {
  return std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::set<std::string> RunningPrograms(const std::string& proc_root) {
  std::set<std::string> programs;
  for (const std::string& name : ListFolder(proc_root)) {
    if (!IsProcess(name)) continue;
    // It may have ended meanwhile.
    const auto process = OpenAttributes(base::StrCat(proc_root, "/", name));
    if (!process.ok()) continue;
    const auto program = (*process)->Read("comm");
    if (program.ok()) programs.emplace(journal::Trimmed(*program));
  }
  return programs;
}

}  // namespace

const std::vector<std::string>& ProcessWatch::Read(base::TimePoint now) {
  if (proc_root_.empty() || (looked_at_ && now - *looked_at_ < kPeriod)) return seen_;
  looked_at_ = now;
  seen_.clear();
  const std::set<std::string> programs = RunningPrograms(proc_root_);
  for (const OtherActor& actor : OtherActors()) {
    if (!actor.program.empty() && programs.count(std::string(actor.program)) != 0) {
      seen_.emplace_back(actor.name);
    }
  }
  return seen_;
}

}  // namespace dynofa::hardware::sysfs
