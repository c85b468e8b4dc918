#ifndef DYNOFA_CLIENT_SRC_CONVERT_H_
#define DYNOFA_CLIENT_SRC_CONVERT_H_

#include "dynofa/board.h"
#include "dynofa/profile.h"
#include "dynofa/result.h"
#include "dynofa/types.h"
#include "grpcpp/support/status.h"
#include "proto/dynofa/v1/resource_manager.pb.h"
#include "proto/inference/grpc_service.pb.h"

namespace dynofa::client {

/// REQUIRES: !status.ok().
Error ToError(const grpc::Status& status);

void FillRequirement(const Requirement& requirement, v1::Requirement* message);
SessionInfo ToSessionInfo(const v1::SessionState& message);
Board ToBoard(const v1::Board& message);
Status ToStatus(const v1::Status& message);
void FillProfileRequest(const ProfileRequest& request, v1::StartProfileRequest* message);
ProfileProgress ToProfileProgress(const v1::ProfileProgress& message);
Profiles ToProfiles(const v1::GetProfileResponse& message);
ModelInfo ToModelInfo(const inference::ModelMetadataResponse& message);

/// kInternal if the answer is not what the protocol promises.
Result<Inference> ToInference(const inference::ModelInferResponse& message);

}  // namespace dynofa::client

#endif  // DYNOFA_CLIENT_SRC_CONVERT_H_
