#include "daemon/manager/request_path.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "daemon/base/log.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/preprocess.h"
#include "daemon/manager/measure_runs.h"

namespace dynofa::manager {

absl::StatusOr<std::unique_ptr<RequestPath>> RequestPath::Create(
    RequestPathOptions options, const base::Clock& clock, OutcomeRing& outcomes,
    dispatch::SlowdownBook& slowdowns, std::vector<std::shared_ptr<engine::Supernet>> supernets,
    std::vector<ClusterExecutor> executors) {
  auto path = std::unique_ptr<RequestPath>(new RequestPath(options, clock, outcomes, slowdowns));
  for (auto& supernet : supernets) DYNOFA_RETURN_IF_ERROR(path->Host(std::move(supernet)));
  path->Start(std::move(executors));
  return path;
}

absl::Status RequestPath::Host(std::shared_ptr<engine::Supernet> supernet) {
  const engine::ModelInfo& info = supernet->info();
  if (hosted_.contains(info.name)) {
    return absl::InvalidArgumentError(base::StrCat("two models are called '", info.name, "'"));
  }
  Hosted hosted;
  for (const engine::SubnetInfo& subnet : info.catalogue) {
    DYNOFA_ASSIGN_OR_RETURN(hosted.subnets[subnet.id], supernet->Prepare(subnet.id));
    hosted.resolutions.push_back(subnet.resolution);
  }
  models_.push_back(info);
  hosted.supernet = std::move(supernet);
  hosted_.emplace(info.name, std::move(hosted));
  return absl::OkStatus();
}

void RequestPath::Start(std::vector<ClusterExecutor> executors) {
  executors_ = std::move(executors);
  threads_.emplace_back([this] { TimerLoop(); });
  pthread_setname_np(threads_.back().native_handle(), "expiry");
  threads_.emplace_back([this] { RoutesLoop(); });
  pthread_setname_np(threads_.back().native_handle(), "routes");
  for (ClusterExecutor& executor : executors_) {
    threads_.emplace_back([this, &executor] { ExecutorLoop(executor); });
    const std::string name = "exec-" + executor.cluster;
    pthread_setname_np(threads_.back().native_handle(), name.substr(0, 15).c_str());
  }
}

RequestPath::~RequestPath() {
  std::unordered_map<std::uint64_t, Payload> left;
  std::vector<std::shared_ptr<Measuring>> unbegun;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    for (auto& [cluster, measuring] : measuring_) {
      measuring->stopped = true;
      if (!measuring->begun) unbegun.push_back(measuring);
    }
    for (auto& [id, payload] : payloads_) dispatcher_.Cancel(id, clock_.Now());
    left.swap(payloads_);
  }
  Wake();
  WakeRoutes();
  timer_wake_.notify_all();
  for (auto& [id, payload] : left) payload.done(absl::UnavailableError("the daemon is stopping"));
  for (const auto& measuring : unbegun) {
    measuring->done(absl::CancelledError("the daemon is stopping"));
  }
  for (std::thread& thread : threads_) thread.join();
  AnswerRefused();
}

void RequestPath::Wake() {
  events_.fetch_add(1);
  events_.notify_all();
}

void RequestPath::WakeRoutes() {
  tables_.fetch_add(1);
  tables_.notify_one();
}

void RequestPath::Tell(dispatch::Outcome outcome) {
  const bool missed = outcome.missed || outcome.restarted;
  outcomes_.Push(std::move(outcome));
  // After the push: who sees the path idle finds the outcome in the ring.
  last_end_ = clock_.Now();
  --requests_;
  if (missed) options_.on_miss();
}

void RequestPath::SetRoutes(std::shared_ptr<const dispatch::RoutingTable> routes) {
  new_routes_.Put(std::move(routes));
  // A request that comes later adopts the routes itself.
  if (!busy()) return;
  Wake();
  WakeRoutes();
}

void RequestPath::AdoptRoutes() {
  auto routes = new_routes_.Take();
  if (routes == nullptr) return;
  routes_ = std::move(routes);
  for (dispatch::Refusal& refusal : dispatcher_.SetRoutes(routes_, clock_.Now())) {
    Payload payload = std::move(payloads_.extract(refusal.outcome.id).mapped());
    refused_.push_back({std::move(payload), std::move(refusal)});
  }
  if (!refused_.empty()) WakeRoutes();
}

void RequestPath::AnswerRefused() {
  std::vector<Refused> refused;
  {
    std::lock_guard lock(mutex_);
    refused.swap(refused_);
  }
  for (Refused& request : refused) {
    Tell(std::move(request.refusal.outcome));
    request.payload.done(std::move(request.refusal.status));
  }
}

void RequestPath::RoutesLoop() {
  while (!stopping_) {
    const std::uint32_t seen = tables_.load();
    {
      std::lock_guard lock(mutex_);
      AdoptRoutes();
    }
    AnswerRefused();
    if (!stopping_) tables_.wait(seen);
  }
}

absl::Status RequestPath::CheckSession(const InferenceRequest& request) const {
  if (request.session.empty()) return absl::OkStatus();
  const dispatch::Route* session = routes_->OfSession(request.session);
  if (session == nullptr) {
    return absl::NotFoundError("there is no such session; it may have ended: open a new one");
  }
  if (session->uid != request.caller.uid) {
    return absl::PermissionDeniedError("the session belongs to another user");
  }
  if (session->model != request.model) {
    return absl::InvalidArgumentError(base::StrCat("the session was opened for model '",
                                                   session->model, "', the request names '",
                                                   request.model, "'"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::uint64_t> RequestPath::Submit(InferenceRequest request,
                                                  InferenceApi::Done done) {
  auto hosted = hosted_.find(request.model);
  if (hosted == hosted_.end()) {
    return absl::NotFoundError(
        base::StrCat("there is no model '", request.model.substr(0, 64), "'"));
  }
  DYNOFA_RETURN_IF_ERROR(engine::CheckInput(request.input, hosted->second.resolutions));

  dispatch::Request queued{.session = request.session,
                           .model = request.model,
                           .outlives_session = request.outlives_session,
                           .uid = request.caller.uid,
                           .overhead = base::FromMs(request.overhead_ms),
                           .min_accuracy = request.min_accuracy,
                           .subnet = request.subnet,
                           .expiry = request.deadline};
  if (request.slo_ms) queued.target = base::FromMs(*request.slo_ms);
  bool first = false;
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return absl::UnavailableError("the daemon is stopping");
    AdoptRoutes();
    DYNOFA_RETURN_IF_ERROR(CheckSession(request));
    queued.id = next_id_++;
    const base::TimePoint now = clock_.Now();
    DYNOFA_RETURN_IF_ERROR(dispatcher_.Submit(queued, now));
    payloads_.emplace(queued.id, Payload{std::move(request.input), std::move(done)});
    first = !busy() && now - last_end_.load() >= options_.pause;
    ++requests_;
  }
  Wake();
  if (first) options_.on_first();
  if (queued.expiry) timer_wake_.notify_one();
  return queued.id;
}

void RequestPath::Cancel(std::uint64_t id) {
  Payload payload;
  {
    std::lock_guard lock(mutex_);
    const auto outcome = dispatcher_.Cancel(id, clock_.Now());
    if (!outcome) return;
    Tell(*outcome);
    payload = std::move(payloads_.extract(id).mapped());
  }
  payload.done(absl::CancelledError("cancelled by the client"));
}

void RequestPath::TimerLoop() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    std::vector<std::pair<Payload, dispatch::Outcome>> expired;
    for (dispatch::Outcome& outcome : dispatcher_.Expire(clock_.Now())) {
      expired.emplace_back(std::move(payloads_.extract(outcome.id).mapped()), std::move(outcome));
    }
    if (!expired.empty()) {
      lock.unlock();
      for (auto& [payload, outcome] : expired) {
        payload.done(absl::DeadlineExceededError(base::StrCat(
            "the deadline passed after ", base::ToMs(outcome.response), " ms in the queue")));
        Tell(std::move(outcome));
      }
      lock.lock();
      continue;
    }
    if (const auto next = dispatcher_.NextExpiry()) {
      timer_wake_.wait_until(lock, *next);
    } else {
      timer_wake_.wait(lock);
    }
  }
}

void RequestPath::ExecutorLoop(ClusterExecutor& executor) {
  const absl::Status pinned = engine::PinThisThread(executor.host_cpus, options_.executor_nice);
  if (!pinned.ok()) {
    base::LogWarning("executor of ", executor.cluster, ": ", base::FromAbsl(pinned.message()));
  }
  while (!stopping_) {
    const std::uint32_t seen = events_.load();
    std::optional<dispatch::Work> work;
    Payload payload;
    std::shared_ptr<Measuring> measuring;
    {
      std::lock_guard lock(mutex_);
      AdoptRoutes();
      work = dispatcher_.NextWork(executor.cluster, clock_.Now());
      if (work) payload = std::move(payloads_.extract(work->id).mapped());
      const auto order = measuring_.find(executor.cluster);
      if (!work && !stopping_ && order != measuring_.end()) {
        measuring = order->second;
        measuring->begun = true;
      }
    }
    if (work) {
      RunOne(executor, *std::move(work), std::move(payload));
    } else if (measuring) {
      MeasureOne(executor, *measuring);
    } else if (!stopping_) {
      events_.wait(seen);
    }
  }
}

absl::StatusOr<engine::RunResult> RequestPath::Execute(ClusterExecutor& executor,
                                                       dispatch::Work& work,
                                                       const engine::Tensor& input) {
  const Hosted& hosted = hosted_.find(work.model)->second;
  const auto run = [&](engine::RunSettings settings) {
    const std::shared_ptr<const engine::PreparedSubnet> subnet = hosted.subnets.at(work.subnet);
    settings.threads = work.threads;
    settings.frequency_khz = work.frequency_khz;
    return executor.executor->Run(*hosted.supernet, *subnet, input, settings);
  };
  if (!work.last_chance) return run({});
  policies::LastChanceWatch watch(*work.last_chance);
  std::optional<dispatch::Work> instead;
  const auto go_on = [&](base::Duration elapsed, double share) {
    if (watch.GiveUp(base::ToMs(elapsed), share)) {
      instead = Restart(work, elapsed, base::FromMs(watch.projected_ms()));
    }
    return !instead;
  };
  auto result = run({.go_on = go_on, .ask_after = base::FromMs(work.last_chance->LookAfterMs())});
  work.foreseen_ms = watch.foreseen_ms();
  if (!instead) return result;
  work = *std::move(instead);
  return run({});
}

std::optional<dispatch::Work> RequestPath::Restart(const dispatch::Work& work,
                                                   base::Duration elapsed,
                                                   base::Duration projected) {
  std::lock_guard lock(mutex_);
  AdoptRoutes();
  return dispatcher_.Restart(work, clock_.Now(), elapsed, projected);
}

void RequestPath::RunOne(ClusterExecutor& executor, dispatch::Work work, Payload payload) {
  absl::StatusOr<engine::RunResult> result = Execute(executor, work, payload.input);
  dispatch::Outcome outcome;
  {
    std::lock_guard lock(mutex_);
    outcome = dispatcher_.Complete(
        work, clock_.Now(), result.ok() ? result->compute : base::Duration::zero(), result.ok());
  }
  const bool missed = outcome.missed;
  const bool restarted = outcome.restarted;
  const std::optional<double> energy_mj = outcome.energy_mj;
  const policies::Evidence energy_evidence = outcome.energy_evidence;
  Tell(std::move(outcome));
  if (!result.ok()) return payload.done(result.status());
  InferenceReply reply = MakeReply(work, *std::move(result));
  reply.missed = missed;
  reply.restarted = restarted;
  reply.energy_mj = energy_mj;
  reply.energy_evidence = energy_evidence;
  payload.done(std::move(reply));
}

std::vector<int> RequestPath::ThreadCounts(const std::string& cluster) const {
  for (const ClusterExecutor& executor : executors_) {
    if (executor.cluster == cluster) return executor.thread_counts;
  }
  return {};
}

absl::Status RequestPath::CheckOrder(const MeasureOrder& order) const {
  if (ThreadCounts(order.cluster).empty()) {
    return absl::NotFoundError(base::StrCat("nothing runs on cluster ", order.cluster));
  }
  const auto hosted = hosted_.find(order.model);
  if (hosted == hosted_.end() || !hosted->second.subnets.contains(order.subnet)) {
    return absl::NotFoundError(
        base::StrCat("there is no subnet ", order.subnet, " of a model ", order.model));
  }
  return absl::OkStatus();
}

void RequestPath::Measure(const MeasureOrder& order, MeasureApi::Done done) {
  if (const absl::Status known = CheckOrder(order); !known.ok()) return done(known);
  auto measuring = std::make_shared<Measuring>();
  measuring->order = order;
  measuring->done = std::move(done);
  absl::Status taken;
  {
    std::lock_guard lock(mutex_);
    if (stopping_) {
      taken = absl::CancelledError("the daemon is stopping");
    } else if (!measuring_.emplace(order.cluster, measuring).second) {
      taken = absl::ResourceExhaustedError(
          base::StrCat(order.cluster, " still works on another order"));
    }
  }
  if (!taken.ok()) return measuring->done(taken);
  Wake();
}

void RequestPath::StopMeasuring(const std::string& cluster) {
  std::lock_guard lock(mutex_);
  if (const auto found = measuring_.find(cluster); found != measuring_.end()) {
    found->second->stopped = true;
  }
}

void RequestPath::MeasureOne(ClusterExecutor& executor, Measuring& measuring) {
  const Hosted& hosted = hosted_.find(measuring.order.model)->second;
  auto measurement = MakeRuns(measuring.order, *executor.executor, *hosted.supernet,
                              *hosted.subnets.at(measuring.order.subnet), clock_,
                              [&measuring] { return measuring.stopped.load(); });
  {
    std::lock_guard lock(mutex_);
    measuring_.erase(executor.cluster);
  }
  measuring.done(std::move(measurement));
}

InferenceReply RequestPath::MakeReply(const dispatch::Work& work, engine::RunResult result) const {
  const Hosted& hosted = hosted_.find(work.model)->second;
  InferenceReply reply;
  reply.compute_ms = base::ToMs(work.given_up + result.compute);
  reply.time_evidence = result.evidence;
  reply.overrun = result.overrun;
  reply.output = std::move(result.output);
  reply.subnet = work.subnet;
  reply.level = work.level;
  reply.cluster = work.cluster;
  reply.frequency_khz = work.frequency_khz;
  reply.threads = work.threads;
  reply.queue_ms = base::ToMs(work.queued);
  reply.accuracy = work.accuracy;
  reply.accuracy_evidence = hosted.subnets.at(work.subnet)->info().accuracy_evidence;
  return reply;
}

}  // namespace dynofa::manager
