#ifndef DYNOFA_DAEMON_SERVING_BOARD_MESSAGES_H_
#define DYNOFA_DAEMON_SERVING_BOARD_MESSAGES_H_

#include "daemon/manager/manager_api.h"
#include "proto/dynofa/v1/resource_manager.pb.h"

namespace dynofa::serving {

/// What was found of the board, with its last reading.
void FillBoard(const manager::StatusView& view, v1::Board* board);

}  // namespace dynofa::serving

#endif  // DYNOFA_DAEMON_SERVING_BOARD_MESSAGES_H_
