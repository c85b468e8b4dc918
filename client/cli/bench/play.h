#ifndef DYNOFA_CLIENT_CLI_BENCH_PLAY_H_
#define DYNOFA_CLIENT_CLI_BENCH_PLAY_H_

#include <cstdint>
#include <string>

#include "client/cli/bench/stage.h"
#include "daemon/scenario/rules/scenario.h"
#include "daemon/scenario/rules/trace.h"
#include "dynofa/client.h"

namespace dynofa::cli::bench {

struct PlayOptions {
  client::ConnectOptions connect;
  /// D-Bus address, for power modes; empty: the system bus.
  std::string bus;
  /// The board's control socket, see outer_world.h.
  std::string control;
  std::uint64_t seed = 1;
  /// Side of the pictures that are sent.
  int pattern_side = 32;
};

/// Plays the scenario against the running service in real time: as many connections as clients, the
/// arrivals of the seed, the events when they are due. Takes the scenario's length and up to
/// scenario::kDrainS more. Board, air and power mode stay as the scenario leaves them.
client::Result<scenario::Trace> Play(const scenario::Scenario& scenario, const Stage& stage,
                                     const PlayOptions& options);

}  // namespace dynofa::cli::bench

#endif  // DYNOFA_CLIENT_CLI_BENCH_PLAY_H_
