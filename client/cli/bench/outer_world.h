#ifndef DYNOFA_CLIENT_CLI_BENCH_OUTER_WORLD_H_
#define DYNOFA_CLIENT_CLI_BENCH_OUTER_WORLD_H_

#include <string>

#include "dynofa/result.h"

// What surrounds an emulated board, played and metered over the socket that `dynofa-boardd
// --emulator-control` opens: a seqpacket connection per request, a JSON object each way. `path` is
// that socket; only the user who runs the board may open it.

namespace dynofa::cli::bench {

/// Other programs take `load` (0 to 1) of a cluster; with 1 it is gone for everybody else.
client::Result<client::Done> SetNeighbour(const std::string& path, const std::string& cluster,
                                          double load);

/// The air around the board.
client::Result<client::Done> SetAmbient(const std::string& path, double celsius);

/// What the board has drawn since it exists, J.
struct Meter {
  double board_j = 0.0;
  double neighbours_j = 0.0;  ///< a part of board_j: the activity of other programs
};
client::Result<Meter> ReadMeter(const std::string& path);

}  // namespace dynofa::cli::bench

#endif  // DYNOFA_CLIENT_CLI_BENCH_OUTER_WORLD_H_
