#ifndef DYNOFA_CLIENT_CLI_STATISTICS_H_
#define DYNOFA_CLIENT_CLI_STATISTICS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/json.h"
#include "dynofa/result.h"
#include "dynofa/types.h"

namespace dynofa::cli {

/// What became of the requests of a stretch of time. Plain value; not thread-safe.
class Statistics {
 public:
  void AddSent() { ++sent_; }

  /// An answer after `response_ms`, counted from when the request was due. `target_ms` is the
  /// response time that was asked for then, if any; `correct` whether the best class is the
  /// picture's, if that is known.
  void AddAnswer(const client::Inference& inference, double response_ms,
                 const std::optional<double>& target_ms, const std::optional<bool>& correct);
  void AddError(client::ErrorCode code);

  /// Late answers and requests without one.
  std::int64_t missed() const { return late_ + expired_ + rejected_ + failed_; }
  std::int64_t completed() const { return completed_; }
  std::int64_t failed() const { return failed_; }

  /// The `percent` percentile (nearest rank) of the response times; nullopt without any.
  std::optional<double> PercentileMs(double percent) const;

  Json ToJson() const;
  std::string ToText() const;

 private:
  /// A sum for a mean.
  struct Sum {
    double total = 0.0;
    std::int64_t count = 0;
    void Add(double value) {
      total += value;
      ++count;
    }
    std::optional<double> Mean() const {
      if (count == 0) return std::nullopt;
      return total / static_cast<double>(count);
    }
  };

  std::int64_t sent_ = 0;
  std::int64_t completed_ = 0;
  std::int64_t late_ = 0;
  std::int64_t expired_ = 0;
  std::int64_t rejected_ = 0;
  std::int64_t failed_ = 0;
  std::vector<double> response_ms_;
  std::map<std::string, std::int64_t> subnets_;
  std::map<std::string, std::int64_t> clusters_;
  std::int64_t frequency_khz_ = 0;
  Sum queue_ms_;
  Sum compute_ms_;
  std::string time_label_;
  Sum expected_accuracy_;
  std::string accuracy_label_;
  Sum correct_;
  Sum energy_mj_;
  std::string energy_label_ = "unknown";
};

}  // namespace dynofa::cli

#endif  // DYNOFA_CLIENT_CLI_STATISTICS_H_
