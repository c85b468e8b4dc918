#include "daemon/hardware/local_board.h"

#include <utility>

namespace dynofa::hardware {

LocalBoard::LocalBoard(BoardDriver& driver, base::TaskRunner& runner)
    : driver_(driver), runner_(runner) {}

template <typename Done, typename Result>
void LocalBoard::Answer(Done done, Result result) {
  runner_.Post(
      [alive = std::weak_ptr<int>(alive_), done = std::move(done), result = std::move(result)] {
        if (!alive.expired() && done) done(result);
      });
}

void LocalBoard::Apply(std::vector<policies::ClusterSetting> settings, Callback<ApplyResult> done) {
  Answer(std::move(done), absl::StatusOr<ApplyResult>(driver_.Apply(settings)));
}

void LocalBoard::Read(Callback<BoardReading> done) { Answer(std::move(done), driver_.Read()); }

void LocalBoard::Release(std::function<void(absl::Status)> done) {
  Answer(std::move(done), driver_.Release());
}

}  // namespace dynofa::hardware
