#include "daemon/tools/search/predictor.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"

namespace dynofa::tools::search {
namespace {

constexpr std::size_t kFewestSamples = 8;
// The kernel 1 + x.y + kProducts * (x.y)^2: how much the products weigh beside the places.
constexpr double kProducts = 0.05;
// The cost is one place among dozens, and tells more than any other.
constexpr double kCostScale = 3.0;
constexpr double kRidges[] = {0.001, 0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0};

using Row = std::vector<double>;

double Kernel(const Row& a, const Row& b) {
  const double product = std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  return 1.0 + product + kProducts * product * product;
}

// Inverse of a symmetric, positive definite matrix (row-major), by Gauss-Jordan elimination
// without pivots, which such a matrix does not need.
std::vector<Row> Inverse(std::vector<Row> matrix) {
  const std::size_t n = matrix.size();
  std::vector<Row> inverse(n, Row(n, 0.0));
  for (std::size_t i = 0; i < n; ++i) inverse[i][i] = 1.0;
  for (std::size_t pivot = 0; pivot < n; ++pivot) {
    const double scale = 1.0 / matrix[pivot][pivot];
    for (std::size_t c = 0; c < n; ++c) {
      matrix[pivot][c] *= scale;
      inverse[pivot][c] *= scale;
    }
    for (std::size_t r = 0; r < n; ++r) {
      const double factor = matrix[r][pivot];
      if (r == pivot || factor == 0.0) continue;
      for (std::size_t c = 0; c < n; ++c) {
        matrix[r][c] -= factor * matrix[pivot][c];
        inverse[r][c] -= factor * inverse[pivot][c];
      }
    }
  }
  return inverse;
}

struct RidgeFit {
  Row weights;
  double left_out_error = std::numeric_limits<double>::infinity();  // mean square
};

// Solves (kernel + ridge * 1) weights = targets. The error of each sample under a fit without it
// is weight / (diagonal of the inverse).
RidgeFit FitRidge(const std::vector<Row>& kernel, const Row& targets, double ridge) {
  std::vector<Row> matrix = kernel;
  for (std::size_t i = 0; i < matrix.size(); ++i) matrix[i][i] += ridge;
  const std::vector<Row> inverse = Inverse(std::move(matrix));
  RidgeFit fit{.left_out_error = 0.0};
  for (std::size_t i = 0; i < targets.size(); ++i) {
    fit.weights.push_back(
        std::inner_product(targets.begin(), targets.end(), inverse[i].begin(), 0.0));
    const double error = fit.weights.back() / inverse[i][i];
    fit.left_out_error += error * error / static_cast<double>(targets.size());
  }
  return fit;
}

// Places of the values in ascending order, from 0; equal values share the mean of theirs.
Row Ranks(const Row& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  Row ranks(values.size());
  for (std::size_t first = 0, last = 0; first < order.size(); first = last) {
    while (last < order.size() && values[order[last]] == values[order[first]]) ++last;
    for (std::size_t i = first; i < last; ++i) {
      ranks[order[i]] = 0.5 * static_cast<double>(first + last - 1);
    }
  }
  return ranks;
}

double Correlation(const Row& a, const Row& b) {
  const auto n = static_cast<double>(a.size());
  const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / n;
  const double mean_b = std::accumulate(b.begin(), b.end(), 0.0) / n;
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0.0;
}

int Sign(double value) { return (value > 0) - (value < 0); }

double KendallTau(const Row& a, const Row& b) {
  double agreement = 0, ordered_a = 0, ordered_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const int sign_a = Sign(a[i] - a[j]), sign_b = Sign(b[i] - b[j]);
      agreement += sign_a * sign_b;
      ordered_a += std::abs(sign_a);
      ordered_b += std::abs(sign_b);
    }
  }
  const double pairs = std::sqrt(ordered_a * ordered_b);
  return pairs > 0 ? agreement / pairs : 0.0;
}

void AppendChoice(const std::vector<int>& choices, int value, bool active, Row& places) {
  for (int choice : choices) places.push_back(active && choice == value ? 1.0 : 0.0);
}

}  // namespace

std::vector<double> Encode(const Space& space, const SubnetConfig& config) {
  const engine::ofa::Architecture& a = space.architecture;
  Row places;
  std::size_t block = 0;
  for (std::size_t s = 0; s < a.stages.size(); ++s) {
    for (int position = 0; position < a.stages[s].max_depth; ++position, ++block) {
      const bool active = Runs(space, config, s, position);
      AppendChoice(a.kernels, config.kernels[block], active, places);
      AppendChoice(a.expands, config.expands[block], active, places);
    }
  }
  AppendChoice(space.resolutions, config.resolution, true, places);
  const auto plan = engine::ofa::MakePlan(a, config);
  places.push_back(plan.ok() ? std::log(static_cast<double>(plan->macs)) : 0.0);
  return places;
}

absl::StatusOr<AccuracyPredictor> AccuracyPredictor::Fit(const Space& space,
                                                         const std::vector<Sample>& samples) {
  if (samples.size() < kFewestSamples) {
    return absl::InvalidArgumentError(
        base::StrCat("a predictor needs ", kFewestSamples, " samples, not ", samples.size()));
  }
  AccuracyPredictor predictor;
  predictor.space_ = space;
  const auto count = static_cast<double>(samples.size());
  for (const Sample& sample : samples) {
    predictor.encodings_.push_back(Encode(space, sample.config));
    predictor.mean_ += sample.accuracy / count;
    predictor.cost_mean_ += predictor.encodings_.back().back() / count;
  }
  for (Row& row : predictor.encodings_) row.back() = predictor.Centred(row.back());
  std::vector<Row> kernel;
  Row targets;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    Row& row = kernel.emplace_back();
    for (const Row& other : predictor.encodings_) {
      row.push_back(Kernel(predictor.encodings_[i], other));
    }
    targets.push_back(samples[i].accuracy - predictor.mean_);
  }
  RidgeFit best;
  for (double ridge : kRidges) {
    RidgeFit fit = FitRidge(kernel, targets, ridge);
    if (fit.left_out_error < best.left_out_error) best = std::move(fit);
  }
  predictor.weights_ = std::move(best.weights);
  return predictor;
}

double AccuracyPredictor::Centred(double cost) const { return kCostScale * (cost - cost_mean_); }

double AccuracyPredictor::Predict(const SubnetConfig& config) const {
  Row row = Encode(space_, config);
  row.back() = Centred(row.back());
  double accuracy = mean_;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    accuracy += weights_[i] * Kernel(row, encodings_[i]);
  }
  return accuracy;
}

absl::StatusOr<PredictionError> CrossValidate(const Space& space,
                                              const std::vector<Sample>& samples, int folds,
                                              std::uint64_t seed) {
  std::vector<std::size_t> order(samples.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  Random random(seed);
  std::shuffle(order.begin(), order.end(), random);
  Row predicted(samples.size()), measured(samples.size());
  for (int fold = 0; fold < folds; ++fold) {
    std::vector<Sample> rest;
    std::vector<std::size_t> left_out;
    for (std::size_t place = 0; place < order.size(); ++place) {
      if (static_cast<int>(place % static_cast<std::size_t>(folds)) == fold) {
        left_out.push_back(order[place]);
      } else {
        rest.push_back(samples[order[place]]);
      }
    }
    DYNOFA_ASSIGN_OR_RETURN(const AccuracyPredictor predictor, AccuracyPredictor::Fit(space, rest));
    for (std::size_t i : left_out) {
      predicted[i] = predictor.Predict(samples[i].config);
      measured[i] = samples[i].accuracy;
    }
  }
  return Compare(predicted, measured);
}

PredictionError Compare(const std::vector<double>& predicted, const std::vector<double>& measured) {
  const auto count = static_cast<double>(predicted.size());
  double sum = 0.0;
  double squares = 0.0;
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    const double error = predicted[i] - measured[i];
    sum += error;
    squares += error * error;
  }
  return {std::sqrt(squares / count), sum / count, Correlation(Ranks(predicted), Ranks(measured)),
          KendallTau(predicted, measured), predicted.size()};
}

}  // namespace dynofa::tools::search
