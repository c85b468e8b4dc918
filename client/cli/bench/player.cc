#include "client/cli/bench/player.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace dynofa::cli::bench {
namespace {

using client::ErrorCode;
using scenario::End;
using scenario::RequestRecord;

client::Requirement ToClient(const policies::Requirement& requirement) {
  return {.latency_ms = requirement.latency_ms,
          .percentile = requirement.percentile,
          .min_accuracy = requirement.min_accuracy,
          .max_energy_mj = requirement.max_energy_mj,
          .rate_hz = requirement.rate_hz,
          .priority = requirement.priority};
}

End EndOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kDeadlineExceeded:
      return End::kExpired;
    case ErrorCode::kResourceExhausted:
      return End::kRefused;
    case ErrorCode::kCancelled:
      return End::kUnanswered;  // given up after the end
    default:
      return End::kFailed;
  }
}

const engine::ModelInfo& ModelOf(const scenario::Scenario& scenario, std::size_t client) {
  return std::find_if(
             scenario.models.begin(), scenario.models.end(),
             [&](const auto& model) { return model.name == scenario.clients[client].model; })
      ->info;
}

}  // namespace

Player::Player(const scenario::Scenario& scenario, std::size_t index, std::uint64_t seed,
               const Stage& stage, const std::vector<Image>& pictures, client::Client connection,
               Timeline timeline)
    : scenario_(scenario),
      self_(scenario.clients[index]),
      model_(ModelOf(scenario, index)),
      stage_(stage),
      pictures_(pictures),
      timeline_(timeline),
      index_(index),
      requirement_(self_.requirement),
      arrivals_(self_.arrivals),
      process_(self_.arrivals, scenario::ArrivalRandom(seed, index)),
      connection_(std::move(connection)),
      thread_([this] { Run(); }) {}

Player::~Player() {
  if (thread_.joinable()) thread_.join();
}

double Player::Declared() const {
  if (!self_.declares_rate) return self_.requirement.rate_hz;
  return std::min(MeanRateHz(arrivals_), policies::kMaxRateHz);
}

double Player::EndS() const { return self_.stop_s.value_or(scenario_.length_s); }

void Player::Run() {
  std::this_thread::sleep_until(timeline_.At(self_.start_s));
  Join();
  while (const std::optional<double> due_s = AwaitTurn()) Send(*due_s);
  if (self_.stop_s) Leave();
}

void Player::Leave() {
  // The session ends without the lock, since its end waits for a thread.
  std::shared_ptr<client::Session> session;
  std::lock_guard lock(mutex_);
  session = std::exchange(session_, nullptr);
}

void Player::Join() {
  client::SessionOptions options{.model = self_.model, .name = self_.name, .reopen = false};
  {
    std::lock_guard lock(mutex_);
    requirement_.rate_hz = Declared();
    options.requirement = ToClient(requirement_);
  }
  auto session = connection_->OpenSession(options);
  std::lock_guard lock(mutex_);
  if (session.ok()) {
    session_ = std::make_shared<client::Session>(*std::move(session));
  } else {
    part_.refusal = session.error().message;
  }
  joined_ = true;
  next_s_ = process_.Next();
}

std::optional<double> Player::AwaitTurn() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const double end_s = EndS();
    const double due_s =
        next_s_ ? self_.start_s + *next_s_ : std::numeric_limits<double>::infinity();
    const std::uint64_t turn = turn_;
    const bool moved = changed_.wait_until(lock, timeline_.At(std::min(due_s, end_s)),
                                           [&] { return turn_ != turn; });
    if (moved) continue;
    if (due_s >= end_s) return std::nullopt;
    next_s_ = process_.Next();
    return due_s;
  }
}

void Player::Send(double due_s) {
  client::InferOptions options{.model = self_.model, .timeout_ms = self_.patience_ms};
  std::size_t request = 0;
  {
    std::lock_guard lock(mutex_);
    request = part_.requests.size();
    RequestRecord& record = part_.requests.emplace_back();
    record.client = index_;
    record.scheduled_s = due_s;
    record.target_ms = requirement_.latency_ms;
    record.min_accuracy = requirement_.min_accuracy.value_or(0.0);
    if (session_ == nullptr) {
      record.end = End::kRefused;
      return;
    }
    options.session = session_->id();
    ++open_;
  }
  connection_->InferAsync(pictures_[request % pictures_.size()].view(), options,
                          [this, request](const client::Result<client::Inference>& answer) {
                            Answered(request, answer);
                          });
}

void Player::Answered(std::size_t request, const client::Result<client::Inference>& answer) {
  const double now_s = timeline_.Now();
  std::lock_guard lock(mutex_);
  --open_;
  changed_.notify_all();
  RequestRecord& record = part_.requests[request];
  if (!answer.ok()) {
    record.end = EndOf(answer.error().code);
    return;
  }
  const engine::SubnetInfo* const subnet = model_.Find(answer->subnet);
  const std::optional<std::size_t> cluster = stage_.IndexOf(answer->cluster);
  if (subnet == nullptr || !cluster) {
    record.end = End::kFailed;  // not of the model or the board that were looked at before
    return;
  }
  record.end = End::kAnswered;
  record.response_ms = (now_s - record.scheduled_s) * 1e3;
  record.compute_ms = answer->compute_ms;
  record.accuracy = answer->accuracy;
  record.subnet = static_cast<std::size_t>(subnet - model_.catalogue.data());
  record.cluster = *cluster;
  record.khz = answer->frequency_khz;
  record.overrun = answer->overrun;
  record.restarted = answer->restarted;
  if (now_s < scenario_.warm_up_s || now_s >= scenario_.length_s) return;
  part_.energy_j += answer->energy_mj.value_or(0.0) * 1e-3;
  part_.busy_s += answer->compute_ms * 1e-3;
}

client::Result<client::Done> Player::Change(const scenario::RequirementChange& change) {
  std::shared_ptr<client::Session> session;
  client::Requirement wanted;
  {
    std::lock_guard lock(mutex_);
    ApplyChange(change, &requirement_);
    if (change.rate_hz) {
      arrivals_.rate_hz = *change.rate_hz;
      requirement_.rate_hz = Declared();
      process_.SetRate(arrivals_.rate_hz, std::max(0.0, timeline_.Now() - self_.start_s));
      if (joined_) next_s_ = process_.Next();
      ++turn_;
    }
    session = session_;
    wanted = ToClient(requirement_);
  }
  changed_.notify_all();
  if (session == nullptr) return client::Done{};
  const auto info = session->SetRequirement(wanted);
  if (!info.ok()) return info.error();
  return client::Done{};
}

Part Player::Finish() {
  thread_.join();
  {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, timeline_.At(scenario_.length_s + scenario::kDrainS),
                        [this] { return open_ == 0; });
  }
  connection_.reset();
  Leave();
  return std::move(part_);
}

}  // namespace dynofa::cli::bench
