#ifndef DYNOFA_DAEMON_EMULATOR_BOARDS_SHIPPED_BOARDS_H_
#define DYNOFA_DAEMON_EMULATOR_BOARDS_SHIPPED_BOARDS_H_

#include <span>
#include <string_view>

namespace dynofa::emulator::boards {

struct ShippedBoard {
  std::string_view file;  ///< "jetson-xavier-nx.toml"
  std::string_view text;
};

/// The board files of this folder, sorted; the build makes the source from them.
std::span<const ShippedBoard> ShippedBoards();

}  // namespace dynofa::emulator::boards

#endif  // DYNOFA_DAEMON_EMULATOR_BOARDS_SHIPPED_BOARDS_H_
