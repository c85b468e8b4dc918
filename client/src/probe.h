#ifndef DYNOFA_CLIENT_SRC_PROBE_H_
#define DYNOFA_CLIENT_SRC_PROBE_H_

#include <string>

#include "dynofa/result.h"

namespace dynofa::client {

/// Connects to the Unix socket `path` and hangs up. The error says why a daemon cannot be reached
/// there and what to do: gRPC says only that it cannot.
Result<Done> ProbeSocket(const std::string& path);

}  // namespace dynofa::client

#endif  // DYNOFA_CLIENT_SRC_PROBE_H_
