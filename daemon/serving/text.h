#ifndef DYNOFA_DAEMON_SERVING_TEXT_H_
#define DYNOFA_DAEMON_SERVING_TEXT_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace dynofa::serving {

/// A client's text for use in a message: in quotes, escaped, shortened to 64 bytes.
std::string Quote(std::string_view text);

/// `status` as gRPC takes it. An error always has a text: stock clients take one without for
/// success. The text is shortened to what fits into a trailer.
grpc::Status ToGrpc(const absl::Status& status);

}  // namespace dynofa::serving

#endif  // DYNOFA_DAEMON_SERVING_TEXT_H_
