#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "absl/strings/str_format.h"
#include "daemon/base/hash.h"
#include "daemon/base/log.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/base/unique_fd.h"
#include "daemon/emulator/board_file.h"
#include "daemon/emulator/boards/shipped_boards.h"

namespace dynofa::emulator {
namespace {

const std::vector<BoardModel>& Library() {
  static const std::vector<BoardModel> library = [] {
    std::vector<BoardModel> boards;
    for (const boards::ShippedBoard& shipped : boards::ShippedBoards()) {
      auto board = ParseBoardFile(shipped.text, std::string(shipped.file));
      if (board.ok()) {
        boards.push_back(*std::move(board));
      } else {
        base::LogError("a shipped board: ", base::FromAbsl(board.status().message()));
      }
    }
    return boards;
  }();
  return library;
}

// A whole file, up to a byte more than a board file may have. Does not wait for anything else than
// a plain file.
absl::StatusOr<std::string> ReadBoardFile(const std::string& path) {
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) return base::ErrnoStatus(errno, path);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return base::ErrnoStatus(errno, path);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(base::StrCat(path, ": not a plain file"));
  }
  std::string text(kMaxBoardFile + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(fd.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::ErrnoStatus(errno, path);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

}  // namespace

const BoardModel* FindBoardModel(std::string_view id) {
  for (const BoardModel& board : Library()) {
    if (board.id == id) return &board;
  }
  return nullptr;
}

std::vector<std::string> BoardModelIds() {
  std::vector<std::string> ids;
  for (const BoardModel& board : Library()) ids.push_back(board.id);
  return ids;
}

absl::StatusOr<std::shared_ptr<const BoardModel>> OpenBoardModel(const std::string& board) {
  if (const BoardModel* shipped = FindBoardModel(board)) {
    return std::shared_ptr<const BoardModel>(std::shared_ptr<void>(), shipped);
  }
  if (board.find('/') == std::string::npos) {
    std::string known;
    for (const std::string& id : BoardModelIds()) known += (known.empty() ? "" : ", ") + id;
    return absl::NotFoundError(base::StrCat("no emulated board \"", board, "\"; there are ", known,
                                            ", and board files by a path with a / in it"));
  }
  DYNOFA_ASSIGN_OR_RETURN(const std::string text, ReadBoardFile(board));
  DYNOFA_ASSIGN_OR_RETURN(BoardModel model, ParseBoardFile(text, board));
  return std::shared_ptr<const BoardModel>(std::make_shared<BoardModel>(std::move(model)));
}

std::string BoardLabel(const BoardModel& board) {
  const BoardModel* shipped = FindBoardModel(board.id);
  if (shipped != nullptr && shipped->file_text == board.file_text) return board.id;
  // Tells files apart that nobody made to look alike.
  return absl::StrFormat("%s@%08x", board.id,
                         static_cast<std::uint32_t>(base::Fnv1a(board.file_text)));
}

}  // namespace dynofa::emulator
