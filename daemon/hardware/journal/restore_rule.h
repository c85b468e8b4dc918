#ifndef DYNOFA_DAEMON_HARDWARE_JOURNAL_RESTORE_RULE_H_
#define DYNOFA_DAEMON_HARDWARE_JOURNAL_RESTORE_RULE_H_

#include <string_view>

#include "daemon/hardware/journal/journal.h"

namespace dynofa::hardware::journal {

/// How a knob's present value may differ from what was written without anybody having touched it.
struct Disguise {
  /// A cap (heat, firmware) may hide a frequency behind a lower one.
  bool capped = false;
  /// The value that this one follows when it exceeds it: for a minimum the present maximum.
  std::string_view follows;
};

/// May the knob be put back? Yes if its present value is the baseline, is one of ours, or is one
/// of ours in disguise. No means that somebody else has set it since: it is left alone. Values
/// are compared without surrounding white space; frequencies as numbers. Pure. The rule and its
/// reasons: docs/decisions/0003-journal-and-restore.md.
bool MayRestore(const KnobRecord& record, std::string_view present, const Disguise& disguise);

/// `text` without surrounding white space, cut at the first line's end.
std::string_view Trimmed(std::string_view text);

}  // namespace dynofa::hardware::journal

#endif  // DYNOFA_DAEMON_HARDWARE_JOURNAL_RESTORE_RULE_H_
