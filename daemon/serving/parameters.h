#ifndef DYNOFA_DAEMON_SERVING_PARAMETERS_H_
#define DYNOFA_DAEMON_SERVING_PARAMETERS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "google/protobuf/map.h"
#include "proto/inference/grpc_service.pb.h"

namespace dynofa::serving {

using ParameterMap = google::protobuf::Map<std::string, inference::InferParameter>;

/// The longest time that a client may name: one day. Beyond it a time is a mistake.
inline constexpr std::int64_t kLongestMs = 86'400'000;

/// INVALID_ARGUMENT unless `ms` is above 0 and at most kLongestMs; `name` is the field's.
absl::Status CheckResponseTime(std::string_view name, double ms);

/// The parameter `name` as a number; nullopt if it is not there. Numbers come as int64, uint64,
/// double or decimal text, since the tools differ. INVALID_ARGUMENT for another type, or one that
/// is not finite.
absl::StatusOr<std::optional<double>> NumberParameter(const ParameterMap& parameters,
                                                      const std::string& name);

/// The parameter `name` as text; nullopt if it is not there. INVALID_ARGUMENT for another type.
absl::StatusOr<std::optional<std::string>> TextParameter(const ParameterMap& parameters,
                                                         const std::string& name);

}  // namespace dynofa::serving

#endif  // DYNOFA_DAEMON_SERVING_PARAMETERS_H_
