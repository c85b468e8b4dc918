#ifndef DYNOFA_DAEMON_SCENARIO_RULES_LADDER_FILE_H_
#define DYNOFA_DAEMON_SCENARIO_RULES_LADDER_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "daemon/base/toml_table.h"
#include "daemon/engine/catalogue.h"

namespace dynofa::scenario {

/// Reads a ladder: the subnets of a model as figures, without weights (docs/scenarios.md).
/// `title`, `source` and `classes`, and per [[subnet]] `id`, `resolution`, `accuracy`,
/// `accuracy_evidence`, `macs`, `parameters` and `layers`. The name of the model stays empty.
/// INVALID_ARGUMENT with file, line and key for anything else.
absl::StatusOr<engine::ModelInfo> LoadLadder(const std::string& path);
absl::StatusOr<engine::ModelInfo> ParseLadder(const base::TomlTable& root);

}  // namespace dynofa::scenario

#endif  // DYNOFA_DAEMON_SCENARIO_RULES_LADDER_FILE_H_
