#ifndef DYNOFA_CLIENT_CLI_JSON_H_
#define DYNOFA_CLIENT_CLI_JSON_H_

#include <nlohmann/json.hpp>

#include "dynofa/board.h"
#include "dynofa/profile.h"
#include "dynofa/types.h"

// What dynofactl prints with --json: the fields of the public types, unset ones as null.

namespace dynofa::cli {

using Json = nlohmann::ordered_json;

Json ToJson(const client::Requirement& requirement);
Json ToJson(const client::Assignment& assignment);
Json ToJson(const client::SessionInfo& session);
Json ToJson(const client::Status& status);
Json ToJson(const client::Board& board);
Json ToJson(const client::ProfileProgress& progress);
Json ToJson(const client::ModelProfile& profile);
/// Without the logits.
Json ToJson(const client::Inference& inference);

}  // namespace dynofa::cli

#endif  // DYNOFA_CLIENT_CLI_JSON_H_
