#include "client/cli/statistics.h"

#include <algorithm>
#include <cmath>

#include "client/cli/text.h"

namespace dynofa::cli {
namespace {

Json OrNull(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

std::string Counts(const std::map<std::string, std::int64_t>& counts) {
  std::string text;
  for (const auto& [name, count] : counts) {
    text += (text.empty() ? "" : " ") + name;
    if (counts.size() > 1) text += "x" + std::to_string(count);
  }
  return text.empty() ? "-" : text;
}

/// A figure over answers with several labels carries each of them once.
void AddLabel(const std::string& more, std::string* label) {
  if (*label == "unknown") label->clear();
  if (label->find(more) != std::string::npos) return;
  *label += (label->empty() ? "" : " and ") + more;
}

std::string Ms(const std::optional<double>& ms) { return ms ? Fixed(*ms, 1) + " ms" : "-"; }

std::string Percent(const std::optional<double>& share) {
  return share ? Fixed(100.0 * *share, 1) + " %" : "-";
}

}  // namespace

void Statistics::AddAnswer(const client::Inference& inference, double response_ms,
                           const std::optional<double>& target_ms,
                           const std::optional<bool>& correct) {
  ++completed_;
  if (target_ms && response_ms > *target_ms) ++late_;
  response_ms_.push_back(response_ms);
  ++subnets_[inference.subnet];
  ++clusters_[inference.cluster];
  frequency_khz_ = inference.frequency_khz;
  queue_ms_.Add(inference.queue_ms);
  compute_ms_.Add(inference.compute_ms);
  AddLabel(inference.time_label, &time_label_);
  expected_accuracy_.Add(inference.accuracy);
  AddLabel(inference.accuracy_label, &accuracy_label_);
  if (correct) correct_.Add(*correct ? 1.0 : 0.0);
  if (inference.energy_mj) {
    energy_mj_.Add(*inference.energy_mj);
    AddLabel(inference.energy_label, &energy_label_);
  }
}

void Statistics::AddError(client::ErrorCode code) {
  if (code == client::ErrorCode::kDeadlineExceeded) {
    ++expired_;
  } else if (code == client::ErrorCode::kResourceExhausted) {
    ++rejected_;
  } else {
    ++failed_;
  }
}

std::optional<double> Statistics::PercentileMs(double percent) const {
  if (response_ms_.empty()) return std::nullopt;
  std::vector<double> sorted = response_ms_;
  const double rank = std::ceil(percent / 100.0 * static_cast<double>(sorted.size()));
  const std::size_t index = rank < 1.0 ? 0 : static_cast<std::size_t>(rank) - 1;
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(index),
                   sorted.end());
  return sorted[index];
}

Json Statistics::ToJson() const {
  return {{"sent", sent_},
          {"completed", completed_},
          {"late", late_},
          {"expired", expired_},
          {"rejected", rejected_},
          {"failed", failed_},
          {"missed", missed()},
          {"subnets", subnets_},
          {"clusters", clusters_},
          {"frequency_khz", frequency_khz_},
          {"p50_ms", OrNull(PercentileMs(50.0))},
          {"p99_ms", OrNull(PercentileMs(99.0))},
          {"queue_ms", OrNull(queue_ms_.Mean())},
          {"compute_ms", OrNull(compute_ms_.Mean())},
          {"time_label", time_label_},
          {"accuracy_expected", OrNull(expected_accuracy_.Mean())},
          {"accuracy_label", accuracy_label_},
          {"accuracy_measured", OrNull(correct_.Mean())},
          {"accuracy_images", correct_.count},
          {"energy_mj", OrNull(energy_mj_.Mean())},
          {"energy_label", energy_label_}};
}

std::string Statistics::ToText() const {
  std::string text =
      Counts(subnets_) + " on " + Counts(clusters_) + " at " + Frequency(frequency_khz_) +
      ", p50 " + Ms(PercentileMs(50.0)) + ", p99 " + Ms(PercentileMs(99.0)) +
      (time_label_.empty() ? "" : " (" + time_label_ + ")") + ", " + std::to_string(completed_) +
      " done, " + std::to_string(late_) + " late, " + std::to_string(expired_) + " expired, " +
      std::to_string(rejected_) + " rejected, " + std::to_string(failed_) + " failed, accuracy " +
      Percent(expected_accuracy_.Mean()) + " expected";
  if (correct_.count > 0) {
    text += ", " + Percent(correct_.Mean()) + " measured on " + std::to_string(correct_.count);
  }
  return text + ", " + Energy(energy_mj_.Mean(), energy_label_);
}

}  // namespace dynofa::cli
