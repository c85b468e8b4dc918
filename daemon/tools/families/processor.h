#ifndef DYNOFA_DAEMON_TOOLS_FAMILIES_PROCESSOR_H_
#define DYNOFA_DAEMON_TOOLS_FAMILIES_PROCESSOR_H_

#include <string>

namespace dynofa::tools::families {

/// What the processor calls itself; its architecture where it has no such instruction.
std::string ProcessorName();

}  // namespace dynofa::tools::families

#endif  // DYNOFA_DAEMON_TOOLS_FAMILIES_PROCESSOR_H_
