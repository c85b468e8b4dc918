#ifndef DYNOFA_DAEMON_SERVING_MODEL_DESCRIPTION_H_
#define DYNOFA_DAEMON_SERVING_MODEL_DESCRIPTION_H_

#include "daemon/engine/catalogue.h"
#include "proto/inference/grpc_service.pb.h"

namespace dynofa::serving {

/// A model as clients of the inference protocol see it: one image per request, UINT8 of any size.
/// The properties carry what the protocol has no field for: `labels` and `subnets` (one per line,
/// cheapest first), `accuracies` (of the subnets, one per line), `accuracy_label`, `resolutions`
/// (of FP32 input), `family` and `provenance`.
void DescribeModel(const engine::ModelInfo& model, inference::ModelMetadataResponse* response);

/// The same as the model_configuration extension states it.
void ConfigOfModel(const engine::ModelInfo& model, inference::ModelConfig* config);

}  // namespace dynofa::serving

#endif  // DYNOFA_DAEMON_SERVING_MODEL_DESCRIPTION_H_
