#ifndef DYNOFA_CLIENT_CLI_TEXT_H_
#define DYNOFA_CLIENT_CLI_TEXT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "dynofa/types.h"

namespace dynofa::cli {

/// `value` with `digits` after the point.
std::string Fixed(double value, int digits);

/// "1190 MHz", or "unknown clock" for 0.
std::string Frequency(std::int64_t khz);

/// "12.3 mJ (modelled)", or "energy unknown".
std::string Energy(const std::optional<double>& mj, const std::string& label);

/// "latency 20 ms at p99, accuracy 70 %, 30/s, priority 5", or "nothing".
std::string Describe(const client::Requirement& requirement);

/// "d2-r64 on cpu0 at 1190 MHz, 5.2 ms (modelled), accuracy 71.2 % (measured)".
std::string Describe(const client::Assignment& assignment);

}  // namespace dynofa::cli

#endif  // DYNOFA_CLIENT_CLI_TEXT_H_
