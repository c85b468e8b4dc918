#ifndef DYNOFA_DAEMON_EMULATOR_BOARD_FILE_H_
#define DYNOFA_DAEMON_EMULATOR_BOARD_FILE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/emulator/board_model.h"

namespace dynofa::emulator {

/// A board file is an emulated board as TOML: coefficients with the unit in their key, and in each
/// table the `origin` of its figures. docs/adding-a-board.md lists the keys; boards/*.toml are the
/// ones that ship, compiled into the programs.

/// Longest board file, bytes: with it the greeting of dynofa-boardd stays one message.
inline constexpr std::size_t kMaxBoardFile = 32 * 1024;

/// Reads a board file strictly: what it must hold is there, nothing else is, every number is in its
/// range, and a board of these figures has finite temperatures. INVALID_ARGUMENT with file, line
/// and key. `file` only goes into the messages. The text may be anybody's.
absl::StatusOr<BoardModel> ParseBoardFile(std::string_view text, const std::string& file);

/// The shipped board of that id, or nullptr. Lives as long as the program.
const BoardModel* FindBoardModel(std::string_view id);

/// The ids of the shipped boards, sorted.
std::vector<std::string> BoardModelIds();

/// The board that a person named: a shipped one by its id, or the path of a board file, which has
/// a '/' in it. NOT_FOUND for an unknown id or a missing file, naming what there is.
absl::StatusOr<std::shared_ptr<const BoardModel>> OpenBoardModel(const std::string& board);

/// How a board is named where one must not be taken for another, such as in profiles: its id, and
/// for any but a shipped board "@" and a digest of its file.
std::string BoardLabel(const BoardModel& board);

}  // namespace dynofa::emulator

#endif  // DYNOFA_DAEMON_EMULATOR_BOARD_FILE_H_
