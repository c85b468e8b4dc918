#ifndef DYNOFA_DAEMON_HARDWARE_REMOTE_PROTOCOL_H_
#define DYNOFA_DAEMON_HARDWARE_REMOTE_PROTOCOL_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/hardware/board.h"

namespace dynofa::hardware::remote {

/// What dynofad and dynofa-boardd say to each other over a seqpacket socket (seqpacket.h): each
/// message is one JSON object in one datagram. There are no paths in it, only clusters by id and
/// typed values; a decoder refuses what lacks a field or has another type in it (INVALID_ARGUMENT
/// with the field), whoever sent it.
///
///   server: {"v":4, "refused":STATUS, "info":BOARD}                  once, on connection
///   client: {"v":4, "id":N, "op":"apply"|"read"|"release"|"load", "settings":[..], "loads":[..]}
///   server: {"v":4, "id":N, "status":STATUS, "applied":[..], "reading":{..}}
///
/// Requests are answered in any order, by id; "load" has no answer. A "read" may bring loads, too.
/// A version that differs is refused: the two programs are installed together. It grows with every
/// change of a message; a test holds the messages to it.
inline constexpr std::int64_t kProtocolVersion = 4;

/// Longest list and longest string in a message; the longest string is an emulated board's file.
inline constexpr std::size_t kMaxList = 4096;
inline constexpr std::size_t kMaxText = 32 * 1024;

/// The first message of a server.
struct Greeting {
  /// OK, or why this client is not served; the server then closes.
  absl::Status refused;
  BoardInfo info;
};

enum class Op { kApply, kRead, kRelease, kLoad };

struct Request {
  /// Chosen by the client, comes back in the answer.
  std::uint64_t id = 0;
  Op op = Op::kRead;
  std::vector<policies::ClusterSetting> settings;  ///< of kApply
  std::vector<ClusterLoad> loads;                  ///< of kLoad and kRead
};

struct Answer {
  std::uint64_t id = 0;
  absl::Status status;
  ApplyResult applied;   ///< of kApply
  BoardReading reading;  ///< of kRead
};

std::string Encode(const Greeting& greeting);
std::string Encode(const Request& request);
std::string Encode(const Answer& answer);

absl::StatusOr<Greeting> DecodeGreeting(std::string_view message);
absl::StatusOr<Request> DecodeRequest(std::string_view message);
absl::StatusOr<Answer> DecodeAnswer(std::string_view message);

}  // namespace dynofa::hardware::remote

#endif  // DYNOFA_DAEMON_HARDWARE_REMOTE_PROTOCOL_H_
