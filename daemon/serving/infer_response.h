#ifndef DYNOFA_DAEMON_SERVING_INFER_RESPONSE_H_
#define DYNOFA_DAEMON_SERVING_INFER_RESPONSE_H_

#include <string>

#include "daemon/engine/catalogue.h"
#include "daemon/manager/inference_api.h"
#include "proto/inference/grpc_service.pb.h"

namespace dynofa::serving {

/// Writes the answer to `request`: the logits, raw, and as parameters how they came about
/// (docs/life-of-a-request.md lists them). `session` is the session it ran in, or empty;
/// `emulated_board` the id of the emulated board, or empty.
void FillInferResponse(const inference::ModelInferRequest& request, const engine::ModelInfo& model,
                       const manager::InferenceReply& reply, const std::string& session,
                       const std::string& emulated_board, inference::ModelInferResponse* response);

}  // namespace dynofa::serving

#endif  // DYNOFA_DAEMON_SERVING_INFER_RESPONSE_H_
