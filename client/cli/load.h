#ifndef DYNOFA_CLIENT_CLI_LOAD_H_
#define DYNOFA_CLIENT_CLI_LOAD_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/images.h"
#include "client/cli/statistics.h"
#include "dynofa/client.h"

namespace dynofa::cli {

/// A picture and the index of its class among the model's labels, if that is known.
struct Sample {
  Image image;
  std::optional<std::size_t> label;
};

/// Sends pictures in turn, at a rate (whether or not answers come: an open loop) or, at rate 0,
/// one after the other. Thread-safe.
class Load {
 public:
  struct Options {
    std::string model;
    std::string subnet;
    double timeout_ms = 5000.0;
    /// Requests in flight beyond which a due one is counted as rejected and not sent.
    std::size_t max_in_flight = 256;
  };

  /// `client` and `samples` (not empty) outlive the load; `session` names the session to use.
  Load(client::Client& client, const std::vector<Sample>& samples, Options options,
       std::function<std::string()> session);

  /// Waits for the requests in flight.
  ~Load();

  void SetRate(double rate_hz);
  void SetTarget(std::optional<double> latency_ms);

  /// Sends on the calling thread until `until`, `count` requests (0: no limit) or Stop.
  void Run(std::chrono::steady_clock::time_point until, long count);

  /// Thread-safe, at any time.
  void Stop();

  void WaitForAnswers();

  /// What has happened since the last call.
  Statistics TakeWindow();
  /// What has happened in all.
  Statistics total() const;

  /// The message of the first error since the last call, or empty.
  std::string TakeError();

 private:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// Waits until the next request may go; false if the load shall end.
  bool WaitForTurn(TimePoint until, TimePoint* due);
  void Send(const Sample& sample, TimePoint due);
  void Answered(const Sample& sample, TimePoint due, const std::optional<double>& target_ms,
                const client::Result<client::Inference>& result);

  /// Applies `add` to the window and to the total; with mutex_ held.
  template <typename Add>
  void Count(const Add& add) {
    add(window_);
    add(total_);
  }

  client::Client& client_;
  const std::vector<Sample>& samples_;
  const Options options_;
  const std::function<std::string()> session_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  bool stopping_ = false;
  double rate_hz_ = 0.0;
  std::optional<double> target_ms_;
  std::size_t in_flight_ = 0;
  TimePoint next_due_{};
  Statistics window_;
  Statistics total_;
  std::string error_;
};

}  // namespace dynofa::cli

#endif  // DYNOFA_CLIENT_CLI_LOAD_H_
