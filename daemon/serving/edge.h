#ifndef DYNOFA_DAEMON_SERVING_EDGE_H_
#define DYNOFA_DAEMON_SERVING_EDGE_H_

#include <cstdint>
#include <set>

#include "daemon/manager/inference_api.h"
#include "daemon/manager/manager_api.h"
#include "daemon/serving/admission.h"
#include "daemon/serving/call_registry.h"
#include "daemon/serving/connections.h"

namespace dynofa::serving {

/// What the services share. All of it outlives the gRPC server.
struct Edge {
  manager::ManagerApi& manager;
  manager::InferenceApi& inference;
  Connections& connections;
  Admission& admission;
  CallRegistry& calls;
  /// Uids that may do what disturbs everybody.
  const std::set<std::uint32_t>& operators;
};

}  // namespace dynofa::serving

#endif  // DYNOFA_DAEMON_SERVING_EDGE_H_
