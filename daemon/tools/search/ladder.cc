#include "daemon/tools/search/ladder.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace dynofa::tools::search {
namespace {

constexpr double kNone = -1.0;  // no step is that small

// The best way to climb to each place with each number of levels, by dynamic programming.
class Climb {
 public:
  Climb(const std::vector<Candidate>& front, const LadderOptions& options)
      : front_(front), options_(options) {
    const std::size_t most = std::min(options.levels, front.size());
    ways_.assign(most + 1, std::vector<Way>(front.size()));
    if (most >= 1) ways_[1][0].smallest_step = std::numeric_limits<double>::infinity();
    for (std::size_t levels = 2; levels <= most; ++levels) {
      for (std::size_t place = 1; place < front.size(); ++place) Extend(levels, place);
    }
  }

  // The places of the longest climb to the last place, or to the highest that can be reached.
  std::vector<std::size_t> Best() const {
    for (std::size_t place = front_.size(); place-- > 0;) {
      for (std::size_t levels = ways_.size(); levels-- > 1;) {
        if (ways_[levels][place].smallest_step != kNone) return Places(levels, place);
      }
    }
    return {};
  }

 private:
  struct Way {
    double smallest_step = kNone;
    std::size_t from = 0;
  };

  void Extend(std::size_t levels, std::size_t place) {
    Way& way = ways_[levels][place];
    for (std::size_t from = 0; from < place; ++from) {
      const double step = std::min(Step(from, place), ways_[levels - 1][from].smallest_step);
      if (step > way.smallest_step) way = {step, from};
    }
  }

  double Step(std::size_t from, std::size_t to) const {
    const Candidate& a = front_[from];
    const Candidate& b = front_[to];
    const double accuracy = b.accuracy - a.accuracy;
    const double ratio = b.latency_ms / a.latency_ms;
    if (accuracy < options_.accuracy_step || ratio < options_.latency_step) return kNone;
    const double accuracy_span = front_.back().accuracy - front_.front().accuracy;
    const double latency_span = std::log(front_.back().latency_ms / front_.front().latency_ms);
    return std::min(accuracy / accuracy_span, std::log(ratio) / latency_span);
  }

  std::vector<std::size_t> Places(std::size_t levels, std::size_t place) const {
    std::vector<std::size_t> places;
    for (; levels >= 1; place = ways_[levels--][place].from) places.push_back(place);
    std::reverse(places.begin(), places.end());
    return places;
  }

  const std::vector<Candidate>& front_;
  const LadderOptions& options_;
  std::vector<std::vector<Way>> ways_;  // by number of levels, then by place
};

}  // namespace

std::vector<Candidate> ChooseLevels(std::vector<Candidate> front, const LadderOptions& options) {
  std::erase_if(front, [&](const Candidate& c) { return c.accuracy < options.accuracy_floor; });
  std::vector<Candidate> levels;
  for (std::size_t place : Climb(front, options).Best()) levels.push_back(front[place]);
  return levels;
}

std::vector<Candidate> Spread(const std::vector<Candidate>& front, std::size_t count) {
  if (front.size() <= count) return front;
  if (count < 2) return {front.begin(), front.begin() + static_cast<std::ptrdiff_t>(count)};
  const double low = std::log(front.front().latency_ms);
  const double step = (std::log(front.back().latency_ms) - low) / static_cast<double>(count - 1);
  std::vector<Candidate> spread;
  std::size_t next = 0;
  for (std::size_t i = 0; i < count; ++i) {
    // The first that is not below the i-th of `count` even steps, and not taken.
    const double wanted = low + step * static_cast<double>(i) - 1e-9;
    while (next < front.size() && std::log(front[next].latency_ms) < wanted) ++next;
    if (next < front.size()) spread.push_back(front[next++]);
  }
  return spread;
}

}  // namespace dynofa::tools::search
