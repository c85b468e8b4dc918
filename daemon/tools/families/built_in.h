#ifndef DYNOFA_DAEMON_TOOLS_FAMILIES_BUILT_IN_H_
#define DYNOFA_DAEMON_TOOLS_FAMILIES_BUILT_IN_H_

namespace dynofa::tools::families {

/// The text of families.toml as it was when the program was built.
extern const char kBuiltInFamilies[];

}  // namespace dynofa::tools::families

#endif  // DYNOFA_DAEMON_TOOLS_FAMILIES_BUILT_IN_H_
