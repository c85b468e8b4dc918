#include "daemon/dispatch/slowdown_book.h"

#include <algorithm>
#include <cmath>

#include "policies/cluster.h"

namespace dynofa::dispatch {
namespace {

/// For so long after a run the estimate holds as it is.
constexpr base::Duration kHolds = std::chrono::milliseconds(500);
/// Then it fades to 1 / e in so long.
constexpr double kFadesS = 25.0;

/// How much of what the last run left is gone, 0 to 1.
double Faded(const std::optional<base::TimePoint>& last_run, base::TimePoint now) {
  if (!last_run) return 1.0;
  return 1.0 - std::exp(-std::max(0.0, base::ToSeconds(now - *last_run - kHolds)) / kFadesS);
}

}  // namespace

SlowdownBook::SlowdownBook(const std::vector<std::string>& clusters) {
  for (const std::string& id : clusters) clusters_.try_emplace(id);
}

SlowdownBook::Cluster* SlowdownBook::Find(const std::string& id) {
  const auto found = clusters_.find(id);
  return found == clusters_.end() ? nullptr : &found->second;
}

void SlowdownBook::Seen::SetResidual(const std::string& key, double factor) {
  const auto known = std::find_if(residuals.begin(), residuals.end(),
                                  [&](const auto& residual) { return residual.first == key; });
  if (known != residuals.end()) {
    known->second = factor;
  } else {
    residuals.emplace_back(key, factor);
  }
}

const SlowdownBook::Told& SlowdownBook::Adopt(Cluster& cluster) {
  const Told& told = cluster.down.Read();
  if (told.restarts != cluster.seen.restarts) {
    cluster.common.Restart(told.explained);
    cluster.seen.last_run.reset();
    cluster.seen.restarts = told.restarts;
  }
  if (told.profiles != cluster.seen.profiles) {
    cluster.seen.bias = {};
    cluster.residuals.Restart();
    cluster.seen.residuals.clear();
    cluster.seen.profiles = told.profiles;
  }
  return told;
}

void SlowdownBook::Observe(const std::string& cluster, const std::string& model,
                           const std::string& subnet, double expected_ms, double measured_ms,
                           base::TimePoint now) {
  Cluster* const known = Find(cluster);
  if (known == nullptr) return;
  const Told& told = Adopt(*known);
  const std::string key = policies::ResidualKey(model, subnet);
  Slowdown& common = known->common;
  Seen& seen = known->seen;
  common.Drift(AtRest(told, seen.bias, now), Faded(seen.last_run, now));
  known->residuals.Observe(key, expected_ms, measured_ms, common.value());
  common.Observe(expected_ms * known->residuals.Of(key), measured_ms);

  seen.slowdown = common.value();
  seen.bias.Observe(common.value() / told.explained, now);
  seen.last_run = now;
  if (const auto* residual = known->residuals.Find(key)) {
    seen.SetResidual(key, residual->Believed());
  }
  known->up.Publish(seen);
}

SlowdownBook::Expected SlowdownBook::Of(const std::string& cluster, const std::string& model,
                                        const std::string& subnet, base::TimePoint now) {
  Cluster* const known = Find(cluster);
  if (known == nullptr) return {};
  const Told& told = Adopt(*known);
  const double common = std::lerp(known->common.value(), AtRest(told, known->seen.bias, now),
                                  Faded(known->seen.last_run, now));
  const auto* residual = known->residuals.Find(policies::ResidualKey(model, subnet));
  if (residual == nullptr) return {common, 0.0};
  return {common * residual->Believed(), std::sqrt(residual->variance)};
}

SlowdownBook::View SlowdownBook::Read(const std::string& cluster, base::TimePoint now) {
  View view;
  Cluster* const known = Find(cluster);
  if (known == nullptr) return view;
  const Told& told = known->told;
  const Seen& seen = known->up.Read();
  const bool same_profile = seen.profiles == told.profiles;
  view.slowdown = AtRest(told, same_profile ? seen.bias : ProfileBias(), now);
  if (seen.restarts == told.restarts) {
    view.slowdown = std::lerp(seen.slowdown, view.slowdown, Faded(seen.last_run, now));
  }
  if (same_profile) {
    view.residuals = {seen.residuals.begin(), seen.residuals.end()};
  }
  return view;
}

void SlowdownBook::Explain(const std::string& cluster, double slowdown) {
  Cluster* const known = Find(cluster);
  if (known == nullptr) return;
  known->told.explained = slowdown;
  known->down.Publish(known->told);
}

void SlowdownBook::Restart(const std::string& cluster) {
  Cluster* const known = Find(cluster);
  if (known == nullptr) return;
  ++known->told.restarts;
  known->down.Publish(known->told);
}

void SlowdownBook::RestartAll() {
  for (auto& [id, cluster] : clusters_) {
    ++cluster.told.profiles;
    Restart(id);
  }
}

}  // namespace dynofa::dispatch
