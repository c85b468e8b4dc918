#ifndef DYNOFA_DAEMON_EMULATOR_BOARDS_BOARDS_H_
#define DYNOFA_DAEMON_EMULATOR_BOARDS_BOARDS_H_

#include "daemon/emulator/board_model.h"

namespace dynofa::emulator::boards {

/// One function per board file; board_model.cc lists them.
const BoardModel& JetsonXavierNx();

}  // namespace dynofa::emulator::boards

#endif  // DYNOFA_DAEMON_EMULATOR_BOARDS_BOARDS_H_
