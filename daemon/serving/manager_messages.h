#ifndef DYNOFA_DAEMON_SERVING_MANAGER_MESSAGES_H_
#define DYNOFA_DAEMON_SERVING_MANAGER_MESSAGES_H_

#include "absl/status/statusor.h"
#include "daemon/manager/manager_api.h"
#include "daemon/serving/admission.h"
#include "proto/dynofa/v1/resource_manager.pb.h"

namespace dynofa::serving {

/// A requirement as a client sent it. INVALID_ARGUMENT names the field and what is allowed;
/// PERMISSION_DENIED for a priority that `uid` may not have.
absl::StatusOr<policies::Requirement> ParseRequirement(const v1::Requirement& requirement,
                                                       std::uint32_t uid,
                                                       const Admission& admission);

/// What a client asks for with a new session.
absl::StatusOr<manager::SessionSpec> ParseSessionSpec(const v1::OpenSessionRequest& request,
                                                      manager::SessionKind kind,
                                                      const manager::Caller& caller,
                                                      const Admission& admission);

/// Seconds of a lease, 0 meaning the default.
absl::StatusOr<base::Duration> ParseTimeToLive(double seconds);

void FillSession(const manager::SessionView& view, v1::SessionState* state);
void FillStatus(const manager::StatusView& view, v1::Status* status);

}  // namespace dynofa::serving

#endif  // DYNOFA_DAEMON_SERVING_MANAGER_MESSAGES_H_
