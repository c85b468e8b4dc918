#include "daemon/scenario/machine.h"

#include <algorithm>
#include <utility>

#include "daemon/base/strings.h"

namespace dynofa::scenario {

class Machine::SimulatedBoard final : public hardware::Board {
 public:
  explicit SimulatedBoard(Machine& machine) : machine_(machine) {}

  const hardware::BoardInfo& info() const override { return machine_.driver_.info(); }

  void Apply(std::vector<policies::ClusterSetting> settings,
             Callback<hardware::ApplyResult> done) override {
    const base::Duration transition = machine_.TransitionOf(settings);
    machine_.time_.PostDelayed(
        transition, [&machine = machine_, settings = std::move(settings), done = std::move(done)] {
          hardware::ApplyResult result = machine.driver_.Apply(settings);
          machine.Refresh();
          done(std::move(result));
        });
  }

  void Read(Callback<hardware::BoardReading> done) override {
    machine_.time_.Post([&machine = machine_, done = std::move(done)] {
      auto reading = machine.driver_.Read();
      machine.Refresh();
      done(std::move(reading));
    });
  }

  void Release(std::function<void(absl::Status)> done) override {
    machine_.time_.Post([&machine = machine_, done = std::move(done)] {
      done(machine.driver_.Release());
      machine.Refresh();
    });
  }

  // The manager's ReportLoad is not needed: the machine sees the loads itself, as hardware does.

 private:
  Machine& machine_;
};

namespace {

/// Leaves every cluster that offers `governor` with it.
emulator::EmulatedBoard& Prepared(emulator::EmulatedBoard& board, const std::string& governor) {
  for (const emulator::ClusterModel& cluster : board.model().clusters) {
    const auto& offered = cluster.governors;
    if (std::find(offered.begin(), offered.end(), governor) == offered.end()) continue;
    auto knobs = board.GetKnobs(cluster.id);
    if (!knobs.ok()) continue;
    knobs->governor = governor;
    board.SetKnobs(cluster.id, *knobs).IgnoreError();
  }
  return board;
}

}  // namespace

Machine::Machine(const emulator::BoardModel& board, base::VirtualTime& time,
                 const std::string& governor)
    : time_(time),
      board_(board, time),
      driver_(Prepared(board_, governor), static_cast<int>(board.clusters.size())),
      advanced_(time.Now()),
      sampled_(time.Now()) {
  for (const emulator::ClusterModel& cluster : board.clusters) {
    Place place;
    place.model = &cluster;
    places_.push_back(std::move(place));
  }
  // Nothing runs yet: what the clusters do not draw, nothing will change.
  const hardware::BoardReading reading = board_.Read();
  constant_w_ = reading.board_power_w;
  for (const hardware::ClusterReading& cluster : reading.clusters) {
    constant_w_ -= cluster.static_power_w;
  }
  residency_s_.resize(places_.size());
  Refresh();
  ResetCounts();
}

std::unique_ptr<hardware::Board> Machine::NewBoard() {
  return std::make_unique<SimulatedBoard>(*this);
}

void Machine::Start(std::function<void()> on_change) {
  on_change_ = std::move(on_change);
  time_.PostDelayed(kWindow, [this] { Window(); });
}

bool Machine::Free(std::size_t cluster) const {
  return places_[cluster].available && !places_[cluster].run;
}

void Machine::Begin(std::size_t cluster, Job job) {
  Advance();
  if (energy_.client_j.size() <= job.client) {
    energy_.client_j.resize(job.client + 1, 0.0);
    energy_.client_busy_s.resize(job.client + 1, 0.0);
  }
  const Run& run = places_[cluster].run.emplace(
      Run{.job = std::move(job), .begun = time_.Now(), .number = ++runs_});
  if (run.job.go_on) AskAfter(run.job.ask_after, cluster, run.number);
  Reschedule(cluster);
}

void Machine::AskAfter(base::Duration pause, std::size_t cluster, std::uint64_t number) {
  time_.PostDelayed(pause, [this, cluster, number] {
    const auto& run = places_[cluster].run;
    if (!run || run->number != number) return;
    Advance();
    if (!run->job.go_on(time_.Now() - run->begun, 1.0 - run->left)) return Finish(cluster, false);
    AskAfter(run->job.ask_every, cluster, number);
  });
}

double Machine::ShareOf(const Place& place) const {
  return emulator::ContentionShare(model(), place.foreign_load);
}

void Machine::Reschedule(std::size_t cluster) {
  Place& place = places_[cluster];
  Run& run = *place.run;
  run.whole_ms =
      run.job.noise * emulator::LatencyMs(*place.model, run.job.work, place.khz, ShareOf(place));
  run.turn = ++turns_;
  time_.PostDelayed(base::FromMs(run.left * run.whole_ms), [this, cluster, turn = run.turn] {
    const auto& present = places_[cluster].run;
    if (present && present->turn == turn) Finish(cluster, true);
  });
}

void Machine::Finish(std::size_t cluster, bool ok) {
  Advance();
  const Run run = *std::exchange(places_[cluster].run, std::nullopt);
  run.job.done(time_.Now() - run.begun, ok);
}

void Machine::Advance() {
  const double seconds = base::ToSeconds(time_.Now() - advanced_);
  advanced_ = time_.Now();
  if (seconds <= 0.0) return;
  energy_.constant_j += constant_w_ * seconds;
  double watt = constant_w_;
  for (Place& place : places_) {
    place.at_khz_s += seconds;
    energy_.idle_j += place.idle_w * seconds;
    double neighbours = place.foreign_load;
    double own = 0.0;
    if (place.run) {
      own = ShareOf(place);
      neighbours = std::min(neighbours, 1.0 - own);
      place.run->left = std::max(0.0, place.run->left - seconds * 1e3 / place.run->whole_ms);
      place.busy_s += own * seconds;
      place.sample_busy_s += seconds;
      energy_.client_j[place.run->job.client] += place.full_w * own * seconds;
      energy_.client_busy_s[place.run->job.client] += seconds;
    }
    energy_.neighbours_j += place.full_w * neighbours * seconds;
    watt += place.idle_w + place.full_w * (own + neighbours);
  }
  total_j_ += watt * seconds;
}

void Machine::Take(Place& place, const hardware::ClusterReading& reading) {
  if (reading.frequency_khz != place.khz) {
    residency_s_[static_cast<std::size_t>(&place - places_.data())][place.khz] += place.at_khz_s;
    place.at_khz_s = 0.0;
    ++frequency_switches_;
  }
  place.khz = reading.frequency_khz;
  place.foreign_load = reading.foreign_load;
  place.available = reading.available;
  place.idle_w = reading.static_power_w;
  place.full_w = emulator::ActivePowerW(*place.model, place.khz, 1.0);
}

void Machine::Refresh() {
  Advance();
  const hardware::BoardReading reading = board_.Read();
  bool freed = false;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    Place& place = places_[i];
    const bool was_available = place.available;
    const bool same = reading.clusters[i].frequency_khz == place.khz &&
                      reading.clusters[i].foreign_load == place.foreign_load;
    Take(place, reading.clusters[i]);
    for (const hardware::ZoneReading& zone : reading.zones) {
      if (zone.cluster == place.model->id) place.temperature_c = zone.temperature_c;
    }
    freed = freed || (place.available && !was_available);
    if (place.run && !place.available) {
      Finish(i, false);
    } else if (place.run && !same) {
      Reschedule(i);
    }
  }
  if (freed) on_change_();
}

void Machine::Window() {
  Advance();
  std::vector<hardware::ClusterLoad> loads;
  for (Place& place : places_) {
    loads.push_back({place.model->id, std::min(1.0, place.busy_s / base::ToSeconds(kWindow))});
    place.busy_s = 0.0;
  }
  board_.ReportLoad(loads);
  Refresh();
  if (++windows_ % kWindowsPerSample == 0) TakeSample();
  time_.PostDelayed(kWindow, [this] { Window(); });
}

void Machine::TakeSample() {
  const double seconds = base::ToSeconds(time_.Now() - sampled_);
  BoardSample sample;
  sample.end_s = base::ToSeconds(time_.Now() - base::TimePoint());
  sample.power_w = (total_j_ - sampled_j_) / seconds;
  for (Place& place : places_) {
    sample.clusters.push_back({.khz = place.khz,
                               .busy = std::min(1.0, place.sample_busy_s / seconds),
                               .foreign_load = place.foreign_load,
                               .temperature_c = place.temperature_c,
                               .available = place.available});
    place.sample_busy_s = 0.0;
  }
  sampled_ = time_.Now();
  sampled_j_ = total_j_;
  samples_.push_back(std::move(sample));
}

Machine::Place* Machine::Find(const std::string& cluster) {
  for (Place& place : places_) {
    if (place.model->id == cluster) return &place;
  }
  return nullptr;
}

base::Duration Machine::TransitionOf(const std::vector<policies::ClusterSetting>& settings) {
  std::int64_t longest_us = 0;
  for (const policies::ClusterSetting& setting : settings) {
    const Place* place = Find(setting.cluster);
    if (place != nullptr) longest_us = std::max(longest_us, place->model->transition_us);
  }
  return std::chrono::microseconds(longest_us);
}

absl::Status Machine::ApplyForeignLoad(const std::string& cluster) {
  const Place* place = Find(cluster);
  const absl::Status status =
      board_.SetForeignLoad(cluster, place->wanted ? place->neighbour_load : 1.0);
  Refresh();
  return status;
}

absl::Status Machine::SetNeighbour(const std::string& cluster, double load) {
  Place* place = Find(cluster);
  if (place == nullptr) return absl::NotFoundError(base::StrCat("no cluster ", cluster));
  place->neighbour_load = load;
  return ApplyForeignLoad(cluster);
}

absl::Status Machine::SetAvailable(const std::string& cluster, bool available) {
  Place* place = Find(cluster);
  if (place == nullptr) return absl::NotFoundError(base::StrCat("no cluster ", cluster));
  place->wanted = available;
  return ApplyForeignLoad(cluster);
}

absl::Status Machine::SetAmbient(double celsius) { return board_.SetAmbient(celsius); }

void Machine::CountResidency() {
  Advance();
  for (std::size_t i = 0; i < places_.size(); ++i) {
    residency_s_[i][places_[i].khz] += std::exchange(places_[i].at_khz_s, 0.0);
  }
}

void Machine::ResetCounts() {
  CountResidency();
  // Runs may be under way: their clients keep their places.
  const std::size_t clients = energy_.client_j.size();
  energy_ = {.client_j = std::vector<double>(clients),
             .client_busy_s = std::vector<double>(clients)};
  frequency_switches_ = 0;
  for (auto& residency : residency_s_) residency.clear();
}

const Energy& Machine::energy() {
  Advance();
  return energy_;
}

const std::vector<std::map<std::int64_t, double>>& Machine::residency_s() {
  CountResidency();
  return residency_s_;
}

}  // namespace dynofa::scenario
