// The journal of changed knobs, which a crash or a person may have left in any state.

#include "daemon/hardware/journal/journal.h"
#include "daemon/hardware/journal/restore_rule.h"
#include "tests/fuzz/fuzz.h"

namespace journal = dynofa::hardware::journal;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = dynofa::tests::AsText(data, size);
  const auto contents = journal::Decode(text);
  if (!contents.ok()) return 0;
  for (const journal::KnobRecord& record : contents->knobs) {
    for (const std::string& own : record.ours) {
      dynofa::tests::Require(MayRestore(record, own, {}), "what was set here may be put back");
    }
    MayRestore(record, text, {.capped = true, .follows = text});
  }
  // Text that is not UTF-8 cannot be in it, so nothing is lost on the way.
  const auto again = journal::Decode(journal::Encode(*contents));
  dynofa::tests::Require(again.ok() && *again == *contents, "what was decoded can be encoded");
  return 0;
}
