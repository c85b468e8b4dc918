#ifndef DYNOFA_DAEMON_SERVING_PROFILE_MESSAGES_H_
#define DYNOFA_DAEMON_SERVING_PROFILE_MESSAGES_H_

#include "absl/status/statusor.h"
#include "daemon/manager/manager_api.h"
#include "proto/dynofa/v1/resource_manager.pb.h"

namespace dynofa::serving {

/// INVALID_ARGUMENT for lists or names beyond what a request may hold.
absl::StatusOr<manager::ProfileRequest> ParseProfileRequest(const v1::StartProfileRequest& request);

void FillProfileProgress(const manager::ProfileProgress& progress, v1::ProfileProgress* message);

/// The profiles in force, one for each hosted model that has one.
void FillProfiles(const manager::StatusView& view, v1::GetProfileResponse* response);

}  // namespace dynofa::serving

#endif  // DYNOFA_DAEMON_SERVING_PROFILE_MESSAGES_H_
