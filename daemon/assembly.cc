#include "daemon/assembly.h"

#include <unistd.h>

#include <algorithm>
#include <future>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/base/doorbell.h"
#include "daemon/base/log.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/base/task_runner.h"
#include "daemon/board_link.h"
#include "daemon/control/dbus_service.h"
#include "daemon/control/systemd_notify.h"
#include "daemon/cost_probe.h"
#include "daemon/emulator/emulation.h"
#include "daemon/engine/executor.h"
#include "daemon/engine/supernet.h"
#include "daemon/hardware/unmanaged_board.h"
#include "daemon/manager/manager.h"
#include "daemon/manager/profile_storage.h"
#include "daemon/manager/request_path.h"
#include "daemon/serving/server.h"
#include "policies/registry.h"

namespace dynofa {
namespace {

constexpr base::Duration kDrain = std::chrono::seconds(5);
constexpr base::Duration kReleasePatience = std::chrono::seconds(5);
constexpr std::size_t kOutcomeRoom = 8192;
/// Up to here every number of threads is measured; beyond it the powers of two.
constexpr int kEachThreadCount = 8;

/// Numbers of threads for a cluster of so many cores, ascending.
std::vector<int> ThreadCounts(int cores) {
  std::vector<int> counts;
  for (int threads = 1; threads < cores; threads += threads < kEachThreadCount ? 1 : threads) {
    counts.push_back(threads);
  }
  counts.push_back(std::max(cores, 1));
  return counts;
}

std::set<std::string> ClusterIds(const hardware::BoardInfo& info) {
  std::set<std::string> ids;
  for (const policies::ClusterInfo& cluster : info.clusters) ids.insert(cluster.id);
  return ids;
}

}  // namespace

/// In the order of construction: what is below uses what is above.
struct Assembly::Parts {
  base::SteadyClock clock;
  control::SystemdNotify notify;
  std::unique_ptr<base::ThreadTaskRunner> loop = base::ThreadTaskRunner::Create("loop");
  manager::OutcomeRing outcomes{kOutcomeRoom};
  base::Doorbell missed{*loop, [this] {
                          if (manager != nullptr) manager->OnMiss();
                        }};
  base::Doorbell first_request{*loop, [this] {
                                 if (manager != nullptr) manager->OnRequest();
                               }};
  std::unique_ptr<BoardLink> link;
  std::unique_ptr<hardware::Board> first_board;
  bool managed = false;
  std::set<std::string> cluster_ids;
  /// Those with an executor, and where that is pinned.
  std::map<std::string, std::vector<int>> executor_cpus;
  // On the loop:
  bool has_board = false;
  /// Clusters whose clocks have appeared and for which the board was opened anew: once.
  std::set<std::string> taken_up;
  std::unique_ptr<dispatch::SlowdownBook> slowdowns;
  std::unique_ptr<emulator::Emulation> emulation;
  std::vector<std::shared_ptr<engine::Supernet>> supernets;
  std::unique_ptr<manager::RequestPath> path;
  std::unique_ptr<manager::ProfileFolder> profiles;
  std::unique_ptr<manager::Manager> manager;
  std::unique_ptr<serving::Server> server;
  std::unique_ptr<control::DbusService> dbus;

  absl::Status TakeBoard(const config::Config& config);
  absl::Status LoadModels(const config::Config& config);
  absl::Status StartRequestPath(const config::Config& config);
  absl::StatusOr<std::vector<manager::ClusterExecutor>> MakeExecutors();
  absl::Status StartManager(const config::Config& config);
  absl::StatusOr<std::shared_ptr<const engine::CostModel>> MakeCostModel();
  void KeepBoard();
  void LoseBoard(const std::string& why);
  void Reattach(std::unique_ptr<hardware::Board> board);
  /// Whether the executors are those that the board needs.
  bool Fits(const hardware::BoardInfo& info) const;
  /// Opens the board anew if it then has clocks for clusters that are used already.
  void TakeUp(const std::vector<policies::ClusterInfo>& appeared);
  bool HasUseFor(const std::vector<policies::ClusterInfo>& appeared) const;
  absl::Status OpenEdges(const config::Config& config);
  /// Runs `task` on the loop and waits for it.
  void OnLoop(const std::function<void()>& task);

  Parts() = default;
  /// What lives on the loop is destroyed there; the edges go before it, the executors after it.
  ~Parts();
};

Assembly::Parts::~Parts() {
  dbus.reset();
  server.reset();
  OnLoop([this] {
    manager.reset();
    link.reset();
    first_board.reset();
  });
  if (emulation != nullptr) emulation->Interrupt();
}

absl::Status Assembly::Parts::TakeBoard(const config::Config& config) {
  link = std::make_unique<BoardLink>(config.board.socket, *loop);
  auto board = link->Connect();
  managed = board.ok();
  if (managed) {
    first_board = *std::move(board);
  } else {
    const std::string why =
        base::StrCat("dynofa-boardd cannot be reached (", board.status().message(), ")");
    base::LogWarning("serving without knobs: ", why);
    first_board = hardware::MakeUnmanagedBoard(why);
  }
  const hardware::BoardInfo& info = first_board->info();
  cluster_ids = ClusterIds(info);
  slowdowns = std::make_unique<dispatch::SlowdownBook>(
      std::vector<std::string>(cluster_ids.begin(), cluster_ids.end()));
  base::LogInfo("board: ", info.name);
  if (info.emulated_model.empty()) return absl::OkStatus();
  DYNOFA_ASSIGN_OR_RETURN(emulation, emulator::Emulation::Create(info, clock));
  first_board = emulation->Wrap(std::move(first_board));
  return absl::OkStatus();
}

absl::Status Assembly::Parts::LoadModels(const config::Config& config) {
  for (const config::ModelConfig& model : config.models) {
    auto supernet = engine::LoadSupernet(model.path, model.backend);
    if (!supernet.ok()) {
      return base::Annotate(supernet.status(), base::StrCat("model ", model.path));
    }
    base::LogInfo("model ", (*supernet)->info().name, ": ", (*supernet)->info().catalogue.size(),
                  " subnets on the backend ", (*supernet)->backend());
    supernets.push_back(*std::move(supernet));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<manager::ClusterExecutor>> Assembly::Parts::MakeExecutors() {
  std::vector<manager::ClusterExecutor> executors;
  for (const policies::ClusterInfo& cluster : first_board->info().clusters) {
    const bool runs_here = cluster.kind == policies::ClusterKind::kCpu || emulation != nullptr;
    if (!runs_here) continue;
    auto executor = engine::MakeCpuExecutor(clock);
    std::vector<int> threads = ThreadCounts(cluster.cores);
    if (emulation != nullptr) {
      // The model of a board speaks of a cluster as a whole.
      threads = {1};
      DYNOFA_ASSIGN_OR_RETURN(executor, emulation->Pace(cluster.id, std::move(executor)));
    }
    executor_cpus[cluster.id] = cluster.host_cpus;
    executors.push_back({cluster.id, cluster.host_cpus, std::move(threads), std::move(executor)});
  }
  return executors;
}

absl::Status Assembly::Parts::StartRequestPath(const config::Config& config) {
  DYNOFA_ASSIGN_OR_RETURN(auto executors, MakeExecutors());
  manager::RequestPathOptions options;
  options.on_miss = [this] { missed.Ring(); };
  options.on_first = [this] { first_request.Ring(); };
  options.pause = std::chrono::milliseconds(config.daemon.tick_ms);
  DYNOFA_ASSIGN_OR_RETURN(path, manager::RequestPath::Create(options, clock, outcomes, *slowdowns,
                                                             supernets, std::move(executors)));
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const engine::CostModel>> Assembly::Parts::MakeCostModel() {
  if (emulation != nullptr) {
    return std::shared_ptr<const engine::CostModel>(std::shared_ptr<void>(),
                                                    &emulation->cost_model());
  }
  DYNOFA_ASSIGN_OR_RETURN(auto costs, ProbeCosts(supernets, clock));
  return std::make_shared<engine::MacsCostModel>(std::move(costs));
}

absl::Status Assembly::Parts::StartManager(const config::Config& config) {
  std::vector<manager::HostedModel> models;
  for (const auto& supernet : supernets) {
    models.push_back({supernet->info(), std::string(supernet->backend()), supernet->build()});
  }
  DYNOFA_ASSIGN_OR_RETURN(auto costs, MakeCostModel());
  profiles = std::make_unique<manager::ProfileFolder>(config.daemon.state_dir + "/profiles", *loop);
  manager::ManagerOptions options;
  options.version = DYNOFA_VERSION;
  options.power_modes = config.power_modes;
  options.power_mode = config.daemon.power_mode;
  options.SetTick(std::chrono::milliseconds(config.daemon.tick_ms));
  if (const auto ping = notify.ping_period()) {
    for (auto* tick : {&options.tick, &options.idle_tick, &options.empty_tick}) {
      *tick = std::min(*tick, *ping);
    }
  }
  options.limits_of = [access = config.access](std::uint32_t uid) {
    const config::AccessLimits& limits = access.For(uid);
    return manager::SessionLimits{limits.max_sessions, limits.highest_priority};
  };
  DYNOFA_ASSIGN_OR_RETURN(
      manager, manager::Manager::Create(
                   std::move(options),
                   {.clock = clock,
                    .runner = *loop,
                    .outcomes = outcomes,
                    .slowdowns = *slowdowns,
                    .policy = policies::MakePolicy(config.daemon.policy),
                    .models = std::move(models),
                    .costs = std::move(costs),
                    .publish_routes = [this](auto routes) { path->SetRoutes(std::move(routes)); },
                    .serving = [this] { return path->busy(); },
                    .on_reading = [this](const auto& reading) { TakeUp(reading.appeared); },
                    .on_tick = [this] { notify.Ping(); },
                    .measure = path.get(),
                    .profiles = profiles.get()}));
  OnLoop([this] {
    manager->AttachBoard(std::move(first_board));
    manager->Start();
  });
  return absl::OkStatus();
}

void Assembly::Parts::KeepBoard() {
  OnLoop([this] {
    has_board = managed;
    link->Keep(managed, {.on_board = [this](auto board) { Reattach(std::move(board)); },
                         .on_lost = [this](const std::string& why) { LoseBoard(why); }});
  });
}

void Assembly::Parts::LoseBoard(const std::string& why) {
  has_board = false;
  manager->LoseBoard(why);
}

bool Assembly::Parts::Fits(const hardware::BoardInfo& info) const {
  const std::set<std::string> ids = ClusterIds(info);
  if (ids == cluster_ids) return true;
  const bool more = std::includes(ids.begin(), ids.end(), cluster_ids.begin(), cluster_ids.end());
  // What has come in addition is shown; nothing runs on it.
  return more && emulation == nullptr && info.emulated_model.empty() &&
         std::all_of(info.clusters.begin(), info.clusters.end(), [&](const auto& cluster) {
           const auto executor = executor_cpus.find(cluster.id);
           return executor == executor_cpus.end() || executor->second == cluster.host_cpus;
         });
}

bool Assembly::Parts::HasUseFor(const std::vector<policies::ClusterInfo>& appeared) const {
  bool any = false;
  for (const policies::ClusterInfo& cluster : appeared) {
    if (cluster.kind != policies::ClusterKind::kCpu) continue;
    const auto executor = executor_cpus.find(cluster.id);
    const bool ours = executor != executor_cpus.end() && executor->second == cluster.host_cpus;
    if (!ours || taken_up.contains(cluster.id)) return false;
    any = true;
  }
  return any;
}

void Assembly::Parts::TakeUp(const std::vector<policies::ClusterInfo>& appeared) {
  if (!has_board || !HasUseFor(appeared)) return;
  for (const policies::ClusterInfo& cluster : appeared) taken_up.insert(cluster.id);
  // Not from within one of the board's own answers.
  loop->Post([this, id = appeared.front().id] {
    if (manager == nullptr || !has_board) return;
    LoseBoard(base::StrCat("the board is opened anew, since the clock of ", id, " has appeared"));
    link->Reconnect();
  });
}

void Assembly::Parts::Reattach(std::unique_ptr<hardware::Board> board) {
  if (!Fits(board->info())) {
    return LoseBoard(base::StrCat("dynofa-boardd serves ", board->info().name,
                                  ", whose clusters are not those that the executors were made "
                                  "for; restart dynofad to use it"));
  }
  base::LogInfo("board: ", board->info().name, " (again)");
  if (emulation != nullptr) board = emulation->Wrap(std::move(board));
  has_board = true;
  manager->AttachBoard(std::move(board));
}

absl::Status Assembly::Parts::OpenEdges(const config::Config& config) {
  serving::ServerOptions options;
  options.socket = config.daemon.socket;
  options.socket_group = config.daemon.socket_group;
  options.access = config.access;
  // Who runs the daemon could replace it.
  options.operators.insert(::geteuid());
  DYNOFA_ASSIGN_OR_RETURN(server, serving::Server::Create(options, *manager, *path));
  if (config.dbus.enabled) dbus = control::DbusService::Create(*manager, {});
  return absl::OkStatus();
}

void Assembly::Parts::OnLoop(const std::function<void()>& task) {
  std::promise<void> done;
  loop->Post([&] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

absl::StatusOr<std::unique_ptr<Assembly>> Assembly::Create(const config::Config& config) {
  auto parts = std::make_unique<Parts>();
  DYNOFA_RETURN_IF_ERROR(parts->TakeBoard(config));
  DYNOFA_RETURN_IF_ERROR(parts->LoadModels(config));
  DYNOFA_RETURN_IF_ERROR(parts->StartRequestPath(config));
  DYNOFA_RETURN_IF_ERROR(parts->StartManager(config));
  parts->KeepBoard();
  DYNOFA_RETURN_IF_ERROR(parts->OpenEdges(config));
  const auto status = parts->manager->status();
  parts->notify.Ready(
      base::StrCat("serving on ", config.daemon.socket, ", board: ", status->board));
  base::LogInfo("ready: serving on ", config.daemon.socket);
  return std::unique_ptr<Assembly>(new Assembly(std::move(parts)));
}

Assembly::Assembly(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Assembly::~Assembly() = default;

void Assembly::Stop() {
  Parts& parts = *parts_;
  parts.notify.Stopping();
  parts.server->Shutdown(kDrain);
  parts.dbus.reset();
  auto released = std::make_shared<std::promise<absl::Status>>();
  parts.loop->Post([&parts, released] {
    parts.manager->Stop([released](absl::Status status) { released->set_value(status); });
  });
  auto answer = released->get_future();
  if (answer.wait_for(kReleasePatience) != std::future_status::ready) {
    base::LogError("the knobs were not released in time; dynofa-boardd does it when we are gone");
  } else if (const absl::Status status = answer.get(); !status.ok()) {
    base::LogError("releasing the knobs failed: ", base::FromAbsl(status.message()));
  }
}

}  // namespace dynofa
