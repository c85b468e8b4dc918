#include "client/cli/bench/play.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "client/cli/bench/board_watch.h"
#include "client/cli/bench/outer_world.h"
#include "client/cli/bench/player.h"
#include "client/cli/bench/timeline.h"
#include "dynofa/power_mode.h"

namespace dynofa::cli::bench {
namespace {

using client::Client;
using client::Done;
using client::Error;
using client::Result;
using scenario::Scenario;
using scenario::Trace;

/// Until everybody stands ready.
constexpr std::chrono::milliseconds kLead{200};
constexpr std::uint32_t kPatterns = 4;

/// What a play is made of, besides what happens in it.
struct Cast {
  std::vector<std::unique_ptr<Player>> players;
  std::unique_ptr<BoardWatch> watch;
};

Trace Describe(const Scenario& scenario, const Stage& stage, std::uint64_t seed) {
  Trace trace{.policy = stage.policy,
              .seed = seed,
              .length_s = scenario.length_s,
              .warm_up_s = scenario.warm_up_s};
  for (const client::BoardCluster& cluster : stage.clusters) trace.clusters.push_back(cluster.id);
  for (const scenario::Client& client : scenario.clients) {
    trace.clients.push_back(client.name);
    trace.percentiles.push_back(client.requirement.percentile);
    auto& subnets = trace.subnets.emplace_back();
    for (const scenario::Model& model : scenario.models) {
      if (model.name != client.model) continue;
      for (const engine::SubnetInfo& subnet : model.info.catalogue) subnets.push_back(subnet.id);
    }
  }
  trace.caps.push_back(stage.CapsOf(scenario.power_mode, 0.0));
  return trace;
}

/// Makes the events of a scenario happen.
class Script {
 public:
  Script(const Scenario& scenario, const Stage& stage, const PlayOptions& options, Cast& cast,
         Timeline timeline, Trace* trace)
      : scenario_(scenario),
        stage_(stage),
        options_(options),
        cast_(cast),
        timeline_(timeline),
        trace_(*trace) {}

  /// To the end of the scenario. An error of a part ends the script, not the players.
  Result<Done> Run() {
    ReadMeterAt(scenario_.warm_up_s, &begin_);
    ReadMeterAt(scenario_.length_s, &end_);
    for (const scenario::Event& event : scenario_.events) {
      At(event.at_s, [this, &event] { return Happen(event); });
    }
    for (const scenario::Client& client : scenario_.clients) {
      if (client.start_s > 0.0) Mark(client.start_s, client.name + " joins");
      if (client.stop_s) Mark(*client.stop_s, client.name + " leaves");
    }
    for (const auto& [at_s, step] : steps_) {
      std::this_thread::sleep_until(timeline_.At(at_s));
      if (auto done = step(); !done.ok()) return done;
    }
    return Done{};
  }

  Meter Used() const {
    return {end_.board_j - begin_.board_j, end_.neighbours_j - begin_.neighbours_j};
  }

 private:
  using Step = std::function<Result<Done>()>;

  void At(double at_s, Step step) { steps_.emplace(at_s, std::move(step)); }

  void ReadMeterAt(double at_s, Meter* meter) {
    At(at_s, [this, meter]() -> Result<Done> {
      const auto shown = ReadMeter(options_.control);
      if (!shown.ok()) return shown.error();
      *meter = *shown;
      return Done{};
    });
  }

  void Mark(double at_s, std::string text) {
    At(at_s, [this, at_s, text = std::move(text)]() -> Result<Done> {
      trace_.marks.push_back({at_s, text, std::nullopt});
      return Done{};
    });
  }

  Result<Done> Happen(const scenario::Event& event) {
    const auto* change = std::get_if<scenario::RequirementChange>(&event.change);
    trace_.marks.push_back({event.at_s, EventText(scenario_, event),
                            change == nullptr ? std::nullopt : std::optional(change->client)});
    return std::visit([this, &event](const auto& what) { return Change(what, event.at_s); },
                      event.change);
  }

  Result<Done> Change(const scenario::RequirementChange& change, double at_s) {
    if (!cast_.players[change.client]->Change(change).ok()) {
      trace_.marks.push_back({at_s, "the change was refused", change.client});
    }
    return Done{};
  }
  Result<Done> Change(const scenario::ModeChange& change, double at_s) {
    trace_.caps.push_back(stage_.CapsOf(change.mode, at_s));
    return client::SetPowerMode(change.mode, options_.bus);
  }
  Result<Done> Change(const scenario::PowerCapChange&, double) {
    return Done{};  // refused by SetStage
  }
  Result<Done> Change(const scenario::AmbientChange& change, double) {
    return SetAmbient(options_.control, change.celsius);
  }
  Result<Done> Change(const scenario::NeighbourChange& change, double) {
    neighbours_[change.cluster] = change.load;
    return Occupy(change.cluster);
  }
  Result<Done> Change(const scenario::ClusterChange& change, double) {
    gone_[change.cluster] = !change.available;
    return Occupy(change.cluster);
  }
  /// A cluster that is gone is one that a neighbour has altogether.
  Result<Done> Occupy(const std::string& cluster) {
    return SetNeighbour(options_.control, cluster, gone_[cluster] ? 1.0 : neighbours_[cluster]);
  }

  const Scenario& scenario_;
  const Stage& stage_;
  const PlayOptions& options_;
  Cast& cast_;
  const Timeline timeline_;
  Trace& trace_;
  std::multimap<double, Step> steps_;
  std::map<std::string, double> neighbours_;
  std::map<std::string, bool> gone_;
  Meter begin_;
  Meter end_;
};

/// The board's energy that is neither neighbours' nor of a client's runs is what it draws anyway.
void SetEnergy(const Meter& used, const std::vector<Part>& parts, Trace* trace) {
  scenario::Energy& energy = trace->energy;
  energy.neighbours_j = used.neighbours_j;
  energy.constant_j = used.board_j - used.neighbours_j;
  for (const Part& part : parts) {
    energy.client_j.push_back(part.energy_j);
    energy.client_busy_s.push_back(part.busy_s);
    energy.constant_j -= part.energy_j;
  }
}

Result<Done> SetMode(const std::string& mode, Client& service, const std::string& bus) {
  const auto status = service.GetStatus();
  if (!status.ok()) return status.error();
  if (status->power_mode == mode) return Done{};
  return client::SetPowerMode(mode, bus);
}

/// Everybody on a connection of their own.
Result<Cast> Assemble(const Scenario& scenario, const Stage& stage, const PlayOptions& options,
                      const std::vector<Image>& pictures, Timeline* timeline) {
  std::vector<Client> connections;
  for (std::size_t i = 0; i <= scenario.clients.size(); ++i) {
    auto connection = Client::Connect(options.connect);
    if (!connection.ok()) return connection.error();
    connections.push_back(*std::move(connection));
  }
  const auto mode = SetMode(scenario.power_mode, connections.back(), options.bus);
  if (!mode.ok()) return mode.error();
  *timeline = Timeline(Timeline::Clock::now() + kLead);
  Cast cast;
  cast.watch = std::make_unique<BoardWatch>(std::move(connections.back()), stage, *timeline,
                                            scenario.warm_up_s, scenario.length_s);
  for (std::size_t i = 0; i < scenario.clients.size(); ++i) {
    cast.players.push_back(std::make_unique<Player>(scenario, i, options.seed, stage, pictures,
                                                    std::move(connections[i]), *timeline));
  }
  return cast;
}

}  // namespace

Result<Trace> Play(const Scenario& scenario, const Stage& stage, const PlayOptions& options) {
  // Not only when it is due, after everything else.
  if (const auto meter = ReadMeter(options.control); !meter.ok()) return meter.error();
  std::vector<Image> pictures;
  for (std::uint32_t seed = 0; seed < kPatterns; ++seed) {
    pictures.push_back(MakePattern(options.pattern_side, options.pattern_side, 50 * seed));
  }
  Timeline timeline(Timeline::Clock::now());
  auto cast = Assemble(scenario, stage, options, pictures, &timeline);
  if (!cast.ok()) return cast.error();
  Trace trace = Describe(scenario, stage, options.seed);
  Script script(scenario, stage, options, *cast, timeline, &trace);
  const auto played = script.Run();

  std::vector<Part> parts;
  for (const auto& player : cast->players) parts.push_back(player->Finish());
  BoardRecord board = cast->watch->Finish();
  if (!played.ok()) return played.error();
  if (board.error) return *board.error;
  SetEnergy(script.Used(), parts, &trace);
  for (Part& part : parts) {
    trace.requests.insert(trace.requests.end(), part.requests.begin(), part.requests.end());
    trace.refusals.push_back(std::move(part.refusal));
  }
  std::stable_sort(trace.requests.begin(), trace.requests.end(),
                   [](const auto& a, const auto& b) { return a.scheduled_s < b.scheduled_s; });
  trace.samples = std::move(board.samples);
  trace.residency_s = std::move(board.residency_s);
  trace.frequency_switches = board.frequency_switches;
  trace.decisions = board.decisions;
  return trace;
}

}  // namespace dynofa::cli::bench
