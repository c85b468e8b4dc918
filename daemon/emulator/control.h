#ifndef DYNOFA_DAEMON_EMULATOR_CONTROL_H_
#define DYNOFA_DAEMON_EMULATOR_CONTROL_H_

#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/base/unique_fd.h"
#include "daemon/emulator/emulated_board.h"

namespace dynofa::emulator {

/// The outer world of an emulated board, played from another process: neighbours that take a
/// share of a cluster, the temperature of the air, and scripted faults; and what a meter before the
/// board shows. A connection to a Unix seqpacket socket carries one JSON object and gets one back:
///
///   {"op":"neighbour", "cluster":"gpu", "load":0.7}  or  {"op":"ambient", "celsius":60}  or
///   {"op":"faults", "script":"[[fault]] ..."}        (fault.h; an empty script ends all faults)
///   {"ok":true}  or  {"ok":false, "error":"..."}
///
///   {"op":"meter"}
///   {"ok":true, "board_j":81.5, "neighbours_j":2.5}  since the board exists; the latter is a part
///                                                    of the former
///
/// Only the server's own user (and root) may open the socket.
class ControlServer {
 public:
  /// Listens at `path` and answers on a thread of its own. `board` must outlive the server.
  static absl::StatusOr<std::unique_ptr<ControlServer>> Create(const std::string& path,
                                                               EmulatedBoard& board);
  ~ControlServer();

 private:
  ControlServer(base::UniqueFd listener, base::UniqueFd stop, EmulatedBoard& board);
  void Loop();

  base::UniqueFd listener_;
  base::UniqueFd stop_;
  EmulatedBoard& board_;
  std::thread thread_;
};

/// Does what a request asks for. INVALID_ARGUMENT or NOT_FOUND say what is wrong with it.
absl::Status HandleControl(std::string_view request, EmulatedBoard& board);

/// The client's side: sends one request and waits for the answer.
absl::Status SetNeighbour(const std::string& control_path, const std::string& cluster, double load);
absl::Status SetAmbient(const std::string& control_path, double celsius);
absl::Status SetFaults(const std::string& control_path, const std::string& script);

/// Energy since the board exists, J.
struct Meter {
  double board_j = 0.0;
  double neighbours_j = 0.0;  ///< a part of board_j: activity of other programs
};
absl::StatusOr<Meter> ReadMeter(const std::string& control_path);

}  // namespace dynofa::emulator

#endif  // DYNOFA_DAEMON_EMULATOR_CONTROL_H_
