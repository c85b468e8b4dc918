#ifndef DYNOFA_DAEMON_SERVING_INFER_REQUEST_H_
#define DYNOFA_DAEMON_SERVING_INFER_REQUEST_H_

#include <vector>

#include "absl/status/statusor.h"
#include "daemon/base/clock.h"
#include "daemon/engine/catalogue.h"
#include "daemon/manager/inference_api.h"
#include "proto/inference/grpc_service.pb.h"

namespace dynofa::serving {

/// The hosted model of that name. `version` must be its version or empty. NOT_FOUND names those
/// that there are.
absl::StatusOr<const engine::ModelInfo*> FindModel(const std::vector<engine::ModelInfo>& models,
                                                   const std::string& name,
                                                   const std::string& version);

/// A request checked for everything but the content of its input: model, subnet, the one input
/// (name, datatype, shape, exact length; raw or typed, never both), the requested outputs and the
/// parameters `session`, `slo_ms`, `min_accuracy`, `subnet`, `overhead_ms` and `timeout` (microseconds from
/// `now`). Other parameters are ignored, except for those that ask for what cannot be done
/// (sequences, shared memory, classification). The caller is left for the caller to fill in.
/// INVALID_ARGUMENT, NOT_FOUND or UNIMPLEMENTED, with what to send instead.
absl::StatusOr<manager::InferenceRequest> ParseInferRequest(
    const inference::ModelInferRequest& request, const std::vector<engine::ModelInfo>& models,
    base::TimePoint now);

/// Bytes of the payload, for quotas; looks at lengths alone.
std::int64_t PayloadBytes(const inference::ModelInferRequest& request);

}  // namespace dynofa::serving

#endif  // DYNOFA_DAEMON_SERVING_INFER_REQUEST_H_
