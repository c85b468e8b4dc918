#include "daemon/tools/pareto_check.h"

namespace dynofa::tools {
namespace {

bool Beats(const LevelFigures& a, const LevelFigures& b) {
  return a.latency_ms <= b.latency_ms && a.accuracy >= b.accuracy;
}

}  // namespace

std::vector<Domination> DominatedLevels(const std::vector<LevelFigures>& levels) {
  std::vector<Domination> dominated;
  for (const LevelFigures& level : levels) {
    const LevelFigures* best = nullptr;
    for (const LevelFigures& other : levels) {
      if (&other == &level || !Beats(other, level)) continue;
      if (best == nullptr || other.accuracy > best->accuracy) best = &other;
    }
    if (best != nullptr) dominated.push_back({level.id, best->id});
  }
  return dominated;
}

}  // namespace dynofa::tools
