#ifndef DYNOFA_DAEMON_TOOLS_FAMILIES_MEMORY_H_
#define DYNOFA_DAEMON_TOOLS_FAMILIES_MEMORY_H_

#include <cstdint>

#include "daemon/tools/families/family.h"

namespace dynofa::tools::families {

/// Values (of four bytes in float32) that there are to store for all members of a family.
struct StoredValues {
  std::int64_t weights = 0;      ///< and biases
  std::int64_t batch_norms = 0;  ///< scales and shifts
  std::int64_t statistics = 0;   ///< running means and variances

  std::int64_t total() const { return weights + batch_norms + statistics; }
};

/// What a family stores with what it shares. A shared weight is as large as the largest member's;
/// of OFA it is the whole supernet's, the matrices that shrink kernels included.
StoredValues SharedValues(const Family& family);

/// What its members would be as separate networks.
StoredValues SeparateValues(const Family& family);

}  // namespace dynofa::tools::families

#endif  // DYNOFA_DAEMON_TOOLS_FAMILIES_MEMORY_H_
