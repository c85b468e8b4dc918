#include "daemon/scenario/rules/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace dynofa::scenario {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kClockGraceS = 0.1;
constexpr double kPowerWindowS = 1.0;
constexpr double kPowerTolerance = 1.02;

const Caps& CapsAt(const Trace& trace, double at_s) {
  const auto after = std::upper_bound(trace.caps.begin(), trace.caps.end(), at_s,
                                      [](double at, const Caps& caps) { return at < caps.from_s; });
  return after == trace.caps.begin() ? trace.caps.front() : *(after - 1);
}

/// Mean power over the second before `at_s`, W; 0 if there is no sample.
double PowerBefore(const Trace& trace, double at_s) {
  const auto end =
      std::upper_bound(trace.samples.begin(), trace.samples.end(), at_s,
                       [](double at, const BoardSample& sample) { return at < sample.end_s; });
  double sum = 0.0;
  int count = 0;
  for (auto sample = end; sample != trace.samples.begin();) {
    --sample;
    if (sample->end_s <= at_s - kPowerWindowS) break;
    sum += sample->power_w;
    ++count;
  }
  return count == 0 ? 0.0 : sum / count;
}

bool OnTime(const RequestRecord& request) {
  return request.end == End::kAnswered &&
         (!request.target_ms || request.response_ms <= *request.target_ms);
}

bool Attained(const Trace& trace, const RequestRecord& request) {
  return OnTime(request) && request.accuracy >= request.min_accuracy && KeptCaps(trace, request);
}

double PercentileOf(const std::vector<double>& values, double fraction) {
  return values.empty() ? std::numeric_limits<double>::quiet_NaN() : Percentile(values, fraction);
}

void Count(const Trace& trace, const RequestRecord& request, ClientMetrics* metrics) {
  ++metrics->issued;
  switch (request.end) {
    case End::kAnswered:
      ++metrics->answered;
      break;
    case End::kExpired:
      ++metrics->expired;
      return;
    case End::kRefused:
      ++metrics->refused;
      return;
    case End::kFailed:
      ++metrics->failed;
      return;
    case End::kUnanswered:
      ++metrics->unanswered;
      return;
  }
  if (OnTime(request)) ++metrics->on_time;
  if (request.accuracy < request.min_accuracy) ++metrics->below_floor;
  if (!KeptCaps(trace, request)) ++metrics->over_cap;
  if (request.overrun) ++metrics->overruns;
  if (request.restarted) ++metrics->restarted;
  if (Attained(trace, request)) ++metrics->attained;
}

/// The board's energy without activity goes to the clients by their share of busy time.
double EnergyOf(const Trace& trace, std::size_t client) {
  const Energy& energy = trace.energy;
  if (client >= energy.client_j.size()) return 0.0;
  double busy_s = 0.0;
  for (double seconds : energy.client_busy_s) busy_s += seconds;
  const double share = busy_s > 0.0 ? energy.client_busy_s[client] / busy_s : 0.0;
  return energy.client_j[client] + share * (energy.constant_j + energy.idle_j);
}

/// Requests of `client` that count.
std::vector<const RequestRecord*> Counted(const Trace& trace, std::size_t client) {
  std::vector<const RequestRecord*> counted;
  for (const RequestRecord& request : trace.requests) {
    if (request.client == client && request.scheduled_s >= trace.warm_up_s) {
      counted.push_back(&request);
    }
  }
  return counted;
}

void AddSwitches(const Trace& trace, const std::vector<const RequestRecord*>& requests,
                 ClientMetrics* metrics) {
  std::vector<const RequestRecord*> answers;
  for (const RequestRecord* request : requests) {
    if (request->end == End::kAnswered) answers.push_back(request);
  }
  if (answers.empty()) return;
  // In the order in which the runs began.
  std::stable_sort(answers.begin(), answers.end(), [](const auto* a, const auto* b) {
    return a->EndS() - a->compute_ms * 1e-3 < b->EndS() - b->compute_ms * 1e-3;
  });
  const double each = 1.0 / static_cast<double>(answers.size());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const RequestRecord& answer = *answers[i];
    metrics->subnet_share[trace.subnets[answer.client][answer.subnet]] += each;
    metrics->cluster_share[trace.clusters[answer.cluster]] += each;
    metrics->mean_accuracy += answer.accuracy * each;
    if (i == 0) continue;
    if (answer.subnet != answers[i - 1]->subnet) ++metrics->subnet_switches;
    if (answer.cluster != answers[i - 1]->cluster) ++metrics->cluster_switches;
  }
}

ClientMetrics MeasureClient(const Trace& trace, std::size_t client) {
  ClientMetrics metrics;
  metrics.name = trace.clients[client];
  metrics.percentile = trace.percentiles[client];
  metrics.refusal = trace.refusals[client];
  const auto requests = Counted(trace, client);
  std::vector<double> responses;
  for (const RequestRecord* request : requests) {
    Count(trace, *request, &metrics);
    responses.push_back(request->end == End::kAnswered ? request->response_ms : kInfinity);
  }
  metrics.p50_ms = PercentileOf(responses, 0.50);
  metrics.p90_ms = PercentileOf(responses, 0.90);
  metrics.p99_ms = PercentileOf(responses, 0.99);
  metrics.verdict =
      EarlyStopping(metrics.percentile, metrics.issued, metrics.issued - metrics.attained);
  metrics.energy_j = EnergyOf(trace, client);
  AddSwitches(trace, requests, &metrics);
  return metrics;
}

Recovery RecoveryOf(const Trace& trace, const Mark& mark, double until_s, std::size_t client) {
  Recovery recovery{.event = mark.text, .at_s = mark.at_s, .client = trace.clients[client]};
  int streak = 0;
  std::int64_t seen = 0;
  for (const RequestRecord& request : trace.requests) {
    if (request.client != client || request.scheduled_s < mark.at_s) continue;
    if (request.scheduled_s >= until_s) break;
    ++seen;
    if (!Attained(trace, request)) {
      streak = 0;
      continue;
    }
    if (++streak == 1) {
      recovery.requests = seen - 1;
      recovery.ms = (request.scheduled_s - mark.at_s) * 1e3;
    }
    if (streak == Recovery::kStreak) break;
  }
  recovery.recovered = streak == Recovery::kStreak || (streak > 0 && streak == seen);
  return recovery;
}

/// One recovery per mark and client concerned that sends something before the next mark.
std::vector<Recovery> Recoveries(const Trace& trace) {
  std::vector<Recovery> recoveries;
  for (const Mark& mark : trace.marks) {
    if (mark.at_s < trace.warm_up_s) continue;
    const auto next = std::find_if(trace.marks.begin(), trace.marks.end(),
                                   [&](const Mark& other) { return other.at_s > mark.at_s; });
    const double until_s = next == trace.marks.end() ? trace.length_s : next->at_s;
    for (std::size_t client = 0; client < trace.clients.size(); ++client) {
      if (mark.client && *mark.client != client) continue;
      const bool sends = std::any_of(
          trace.requests.begin(), trace.requests.end(), [&](const RequestRecord& request) {
            return request.client == client && request.scheduled_s >= mark.at_s &&
                   request.scheduled_s < until_s;
          });
      if (sends) recoveries.push_back(RecoveryOf(trace, mark, until_s, client));
    }
  }
  return recoveries;
}

void AddTotals(const Trace& trace, RunMetrics* metrics) {
  std::int64_t issued = 0;
  std::int64_t answered = 0;
  std::int64_t attained = 0;
  for (const ClientMetrics& client : metrics->clients) {
    issued += client.issued;
    answered += client.answered;
    attained += client.attained;
    metrics->mean_accuracy += client.mean_accuracy * static_cast<double>(client.answered);
    metrics->subnet_switches += client.subnet_switches;
    metrics->cluster_switches += client.cluster_switches;
  }
  std::vector<double> responses;
  for (const RequestRecord& request : trace.requests) {
    if (request.scheduled_s < trace.warm_up_s || request.end != End::kAnswered) continue;
    responses.push_back(request.response_ms);
  }
  metrics->p99_ms = PercentileOf(responses, 0.99);
  metrics->attainment =
      issued == 0 ? 0.0 : 100.0 * static_cast<double>(attained) / static_cast<double>(issued);
  metrics->mean_accuracy *= answered == 0 ? 0.0 : 100.0 / static_cast<double>(answered);
  metrics->board_j = trace.energy.BoardJ();
  metrics->neighbours_j = trace.energy.neighbours_j;
  metrics->mean_power_w = metrics->board_j / (trace.length_s - trace.warm_up_s);
  metrics->mj_per_attained = attained == 0 ? kInfinity
                                           : (metrics->board_j - metrics->neighbours_j) * 1e3 /
                                                 static_cast<double>(attained);
}

}  // namespace

double Energy::BoardJ() const {
  double sum = constant_j + idle_j + neighbours_j;
  for (double joule : client_j) sum += joule;
  return sum;
}

double ClientMetrics::Attainment() const {
  if (issued == 0) return 0.0;
  return 100.0 * static_cast<double>(attained) / static_cast<double>(issued);
}

bool KeptCaps(const Trace& trace, const RequestRecord& request) {
  const double end_s = request.EndS();
  const double begin_s = end_s - request.compute_ms * 1e-3;
  const Caps& at_begin = CapsAt(trace, begin_s);
  const bool settled = begin_s >= at_begin.from_s + kClockGraceS || at_begin.from_s <= 0.0;
  if (settled && request.khz > at_begin.max_khz[request.cluster]) return false;
  const Caps& at_end = CapsAt(trace, end_s);
  if (!at_end.max_power_w || end_s < at_end.from_s + kPowerWindowS) return true;
  return PowerBefore(trace, end_s) <= *at_end.max_power_w * kPowerTolerance;
}

RunMetrics Measure(const Trace& trace) {
  RunMetrics metrics;
  metrics.policy = trace.policy;
  metrics.seed = trace.seed;
  for (std::size_t client = 0; client < trace.clients.size(); ++client) {
    metrics.clients.push_back(MeasureClient(trace, client));
  }
  metrics.recoveries = Recoveries(trace);
  AddTotals(trace, &metrics);
  metrics.frequency_switches = trace.frequency_switches;
  metrics.decisions = trace.decisions;
  for (const BoardSample& sample : trace.samples) {
    for (const BoardSample::Cluster& cluster : sample.clusters) {
      metrics.hottest_c = std::max(metrics.hottest_c, cluster.temperature_c);
    }
  }
  for (std::size_t i = 0; i < trace.clusters.size(); ++i) {
    double total = 0.0;
    for (const auto& [khz, seconds] : trace.residency_s[i]) total += seconds;
    for (const auto& [khz, seconds] : trace.residency_s[i]) {
      if (total > 0.0) metrics.residency[trace.clusters[i]][khz] = seconds / total;
    }
  }
  return metrics;
}

}  // namespace dynofa::scenario
