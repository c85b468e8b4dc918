#include "client/cli/load.h"

#include <algorithm>
#include <utility>

namespace dynofa::cli {
namespace {

using std::chrono::steady_clock;

double MsSince(steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(steady_clock::now() - start).count();
}

}  // namespace

Load::Load(client::Client& client, const std::vector<Sample>& samples, Options options,
           std::function<std::string()> session)
    : client_(client),
      samples_(samples),
      options_(std::move(options)),
      session_(std::move(session)) {}

Load::~Load() { WaitForAnswers(); }

void Load::SetRate(double rate_hz) {
  std::lock_guard lock(mutex_);
  rate_hz_ = rate_hz;
  next_due_ = steady_clock::now();
  changed_.notify_all();
}

void Load::SetTarget(std::optional<double> latency_ms) {
  std::lock_guard lock(mutex_);
  target_ms_ = latency_ms;
}

void Load::Stop() {
  std::lock_guard lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

void Load::Run(TimePoint until, long count) {
  {
    std::lock_guard lock(mutex_);
    next_due_ = steady_clock::now();
  }
  TimePoint due;
  for (long sent = 0; (count == 0 || sent < count) && WaitForTurn(until, &due); ++sent) {
    Send(samples_[static_cast<std::size_t>(sent) % samples_.size()], due);
  }
}

bool Load::WaitForTurn(TimePoint until, TimePoint* due) {
  std::unique_lock lock(mutex_);
  for (;;) {
    const TimePoint now = steady_clock::now();
    if (stopping_ || now >= until) return false;
    const bool open_loop = rate_hz_ > 0.0;
    if (open_loop ? now >= next_due_ : in_flight_ == 0) {
      *due = open_loop ? next_due_ : now;
      if (open_loop) {
        next_due_ += std::chrono::duration_cast<steady_clock::duration>(
            std::chrono::duration<double>(1.0 / rate_hz_));
      }
      return true;
    }
    changed_.wait_until(lock, open_loop ? std::min(next_due_, until) : until);
  }
}

void Load::Send(const Sample& sample, TimePoint due) {
  std::optional<double> target_ms;
  {
    std::lock_guard lock(mutex_);
    Count([](Statistics& statistics) { statistics.AddSent(); });
    if (in_flight_ >= options_.max_in_flight) {
      Count([](Statistics& s) { s.AddError(client::ErrorCode::kResourceExhausted); });
      return;
    }
    ++in_flight_;
    target_ms = target_ms_;
  }
  client::InferOptions options;
  options.model = options_.model;
  options.subnet = options_.subnet;
  options.session = session_();
  options.timeout_ms = options_.timeout_ms;
  client_.InferAsync(sample.image.view(), options,
                     [this, &sample, due, target_ms](client::Result<client::Inference> result) {
                       Answered(sample, due, target_ms, result);
                     });
}

void Load::Answered(const Sample& sample, TimePoint due, const std::optional<double>& target_ms,
                    const client::Result<client::Inference>& result) {
  const double response_ms = MsSince(due);
  std::optional<bool> correct;
  if (result.ok() && sample.label && !result->logits.empty()) {
    const auto best = std::max_element(result->logits.begin(), result->logits.end());
    correct = static_cast<std::size_t>(best - result->logits.begin()) == *sample.label;
  }
  std::lock_guard lock(mutex_);
  if (result.ok()) {
    Count([&](Statistics& s) { s.AddAnswer(*result, response_ms, target_ms, correct); });
  } else {
    Count([&](Statistics& s) { s.AddError(result.error().code); });
    if (error_.empty()) error_ = result.error().message;
  }
  --in_flight_;
  changed_.notify_all();
}

void Load::WaitForAnswers() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return in_flight_ == 0; });
}

Statistics Load::TakeWindow() {
  std::lock_guard lock(mutex_);
  return std::exchange(window_, Statistics());
}

Statistics Load::total() const {
  std::lock_guard lock(mutex_);
  return total_;
}

std::string Load::TakeError() {
  std::lock_guard lock(mutex_);
  return std::exchange(error_, "");
}

}  // namespace dynofa::cli
