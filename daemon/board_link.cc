#include "daemon/board_link.h"

#include <utility>

#include "daemon/base/strings.h"
#include "daemon/hardware/remote/remote_board.h"

namespace dynofa {

BoardLink::BoardLink(std::string socket, base::TaskRunner& runner)
    : socket_(std::move(socket)),
      runner_(runner),
      self_(std::make_shared<BoardLink*>(this)),
      connector_(base::ThreadTaskRunner::Create("board-connect")) {}

BoardLink::~BoardLink() { *self_ = nullptr; }

absl::StatusOr<std::unique_ptr<hardware::Board>> BoardLink::Connect() {
  hardware::remote::RemoteOptions options;
  options.on_lost = [self = self_](absl::Status status) {
    if (*self != nullptr) (*self)->Lost(status);
  };
  return hardware::remote::ConnectBoard(socket_, runner_, std::move(options));
}

void BoardLink::Keep(bool connected, Events events) {
  events_ = std::move(events);
  if (early_loss_) {
    events_.on_lost(*early_loss_);
    connected = false;
  }
  if (!connected) Retry();
}

void BoardLink::Lost(const absl::Status& status) {
  const std::string why = base::StrCat("lost dynofa-boardd at ", socket_, ": ", status.message());
  if (!events_.on_lost) {
    early_loss_ = why;
    return;
  }
  events_.on_lost(why);
  Retry();
}

void BoardLink::Retry(base::Duration pause) {
  connector_->PostDelayed(pause, [this] {
    auto board = Connect();
    if (!board.ok()) return Retry();
    auto shared = std::make_shared<std::unique_ptr<hardware::Board>>(*std::move(board));
    runner_.Post([self = self_, shared] {
      if (*self != nullptr) (*self)->events_.on_board(std::move(*shared));
    });
  });
}

}  // namespace dynofa
