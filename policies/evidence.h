#ifndef DYNOFA_POLICIES_EVIDENCE_H_
#define DYNOFA_POLICIES_EVIDENCE_H_

#include <string_view>

namespace dynofa::policies {

/// Where a figure comes from. Each figure that dynofa shows carries one of these.
enum class Evidence {
  kUnknown,    ///< no figure
  kMeasured,   ///< on this machine
  kEmulated,   ///< by the model of an emulated board
  kPublished,  ///< by a named source
  kModelled,   ///< computed from other figures (the MACs prior, say)
};

/// "unknown", "measured", "emulated", "published" or "modelled".
std::string_view EvidenceName(Evidence evidence);

/// The value with that name; kUnknown for every other text.
Evidence EvidenceFromName(std::string_view name);

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_EVIDENCE_H_
