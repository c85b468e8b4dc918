#include "daemon/tools/search/search.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <span>
#include <system_error>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/sha256.h"
#include "daemon/tools/search/figure_log.h"
#include "daemon/tools/search/latency_meter.h"
#include "daemon/tools/search/sampling.h"
#include "policies/pareto.h"

namespace dynofa::tools::search {
namespace {

constexpr int kFolds = 5;
// A smaller space needs no search.
constexpr std::size_t kFewestSubnets = 10;
// Whole nets that the latency table is compared with; a line is fitted on every other one.
constexpr std::size_t kTableChecks = 60;
// Measured samples that no other one beats, added to the candidates, at most.
constexpr std::size_t kKeptSamples = 12;
// Shares of the time budget by whose end a step must be over.
constexpr double kSamplingShare = 0.6;
constexpr double kRefiningShare = 0.7;
constexpr double kMeasuringShare = 0.95;
constexpr double kReportSeconds = 5.0;

std::string Format(const char* format, double a, double b = 0.0, double c = 0.0) {
  char text[160];
  std::snprintf(text, sizeof(text), format, a, b, c);
  return text;
}

std::vector<SubnetConfig> ConfigsOf(const std::vector<Candidate>& candidates) {
  std::vector<SubnetConfig> configs;
  for (const Candidate& candidate : candidates) configs.push_back(candidate.config);
  return configs;
}

double LatencyOf(const Candidate& candidate) { return candidate.latency_ms; }

// Reports the progress of one kind of measurement, every few seconds and at its end.
class Ticker {
 public:
  Ticker(std::string what, const base::Clock& clock, const SearchProgress& progress)
      : what_(std::move(what)), clock_(clock), progress_(progress), start_(clock.Now()) {}

  void operator()(std::size_t done, std::size_t total) {
    const base::TimePoint now = clock_.Now();
    if (done < total && base::ToSeconds(now - reported_) < kReportSeconds) return;
    reported_ = now;
    const double each = base::ToSeconds(now - start_) / static_cast<double>(done);
    progress_(base::StrCat(what_, " ", done, " of ", total, ", ",
                           static_cast<int>(each * static_cast<double>(total - done) + 0.5),
                           " s left"));
  }

 private:
  const std::string what_;
  const base::Clock& clock_;
  const SearchProgress& progress_;
  const base::TimePoint start_;
  base::TimePoint reported_{};
};

// The steps of a search and what they share.
class Searcher {
 public:
  Searcher(std::shared_ptr<const engine::ofa::OfaModel> model, const Space& space,
           const AccuracyMeter& meter, const SearchOptions& options, const base::Clock& clock,
           const SearchProgress& progress)
      : model_(std::move(model)),
        space_(space),
        meter_(meter),
        options_(options),
        clock_(clock),
        progress_(progress),
        start_(clock.Now()) {}

  absl::StatusOr<SearchResult> Run();

 private:
  // A table for a number of threads, and what became of it.
  struct Target {
    LatencyTable table;
    ThreadsResult result;
    std::vector<Candidate> front;
  };

  absl::StatusOr<FigureLog> OpenLog(const std::string& kind, const std::string& key) const;
  absl::Status MeasureTables();
  absl::StatusOr<std::vector<double>> WholeNets(const std::vector<SubnetConfig>& configs,
                                                int threads, FigureLog& log) const;
  absl::Status CheckTable(FigureLog& log, Target& target);
  absl::Status Sample();
  absl::Status Fit();
  absl::Status EvolveAll();
  absl::Status Refine();
  absl::Status MeasureCandidates();
  absl::StatusOr<std::vector<search::Sample>> Accuracies(const std::string& what,
                                                         std::vector<SubnetConfig> configs,
                                                         const AccuracyProtocol& protocol,
                                                         double budget_share);
  std::vector<SubnetConfig> Candidates() const;
  absl::Status ChooseLadder(const std::vector<search::Sample>& measured, Target& target);

  const std::shared_ptr<const engine::ofa::OfaModel> model_;
  const Space& space_;
  const AccuracyMeter& meter_;
  const SearchOptions& options_;
  const base::Clock& clock_;
  const SearchProgress& progress_;
  const base::TimePoint start_;

  std::vector<Target> targets_;
  std::vector<search::Sample> samples_;
  absl::StatusOr<AccuracyPredictor> predictor_ = absl::FailedPreconditionError("not fitted");
  SearchResult result_;
};

absl::StatusOr<SearchResult> Searcher::Run() {
  std::error_code error;
  std::filesystem::create_directories(options_.work, error);
  if (error) return base::ErrnoStatus(error.value(), options_.work);
  const std::size_t subnets = DrawSample(space_, kFewestSubnets, options_.seed).size();
  if (subnets < kFewestSubnets) {
    return absl::InvalidArgumentError(base::StrCat(
        "there are only ", subnets, " subnets to choose from; measure them all instead"));
  }
  DYNOFA_RETURN_IF_ERROR(MeasureTables());
  DYNOFA_RETURN_IF_ERROR(Sample());
  DYNOFA_RETURN_IF_ERROR(Fit());
  DYNOFA_RETURN_IF_ERROR(EvolveAll());
  DYNOFA_RETURN_IF_ERROR(Refine());
  DYNOFA_RETURN_IF_ERROR(MeasureCandidates());
  for (Target& target : targets_) result_.by_threads.push_back(std::move(target.result));
  return std::move(result_);
}

// Figures of other weights, images or protocols are in files of other names.
absl::StatusOr<FigureLog> Searcher::OpenLog(const std::string& kind, const std::string& key) const {
  const std::string full = base::StrCat(model_->info().weights_digest, " ", key);
  const std::span<const std::byte> parts[] = {std::as_bytes(std::span(full))};
  DYNOFA_ASSIGN_OR_RETURN(const std::string digest, engine::Sha256Hex(parts));
  return FigureLog::Open(base::StrCat(options_.work, "/", kind, "-", digest.substr(0, 12), ".txt"));
}

absl::Status Searcher::MeasureTables() {
  for (int threads : options_.threads) {
    Target& target = targets_.emplace_back();
    target.result.threads = threads;
    DYNOFA_ASSIGN_OR_RETURN(FigureLog log, OpenLog(base::StrCat("parts-t", threads), "parts"));
    DYNOFA_ASSIGN_OR_RETURN(target.table, MeasureTable(model_, space_, threads, log));
    target.result.table_entries = target.table.Entries().size();
    progress_(base::StrCat("latency table for ", threads,
                           " thread(s): ", target.result.table_entries, " parts"));
    DYNOFA_RETURN_IF_ERROR(CheckTable(log, target));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<search::Sample>> Searcher::Accuracies(const std::string& what,
                                                                 std::vector<SubnetConfig> configs,
                                                                 const AccuracyProtocol& protocol,
                                                                 double budget_share) {
  const std::string key =
      base::StrCat(options_.images_key, " ", protocol.calibration_images, " ", protocol.images);
  DYNOFA_ASSIGN_OR_RETURN(FigureLog log, OpenLog("accuracy", key));
  Ticker ticker(what, clock_, progress_);
  const SamplingHooks hooks{
      .measure = [&](const SubnetConfig& config) { return meter_.Measure(config, protocol); },
      .progress = [&](std::size_t done, std::size_t total) { ticker(done, total); },
      .go_on =
          [&] {
            return options_.budget_seconds <= 0.0 ||
                   base::ToSeconds(clock_.Now() - start_) < budget_share * options_.budget_seconds;
          }};
  // In any order but the present one, so that an early end leaves no gap at one side.
  std::mt19937_64 random(options_.seed);
  std::shuffle(configs.begin(), configs.end(), random);
  DYNOFA_ASSIGN_OR_RETURN(auto measured, MeasureAll(configs, options_.workers, hooks, log));
  if (measured.size() < configs.size()) {
    result_.out_of_time = true;
    progress_(base::StrCat(what, ": out of time after ", measured.size(), " of ", configs.size()));
  }
  return measured;
}

absl::Status Searcher::Sample() {
  DYNOFA_ASSIGN_OR_RETURN(samples_,
                          Accuracies("sampled", DrawSample(space_, options_.samples, options_.seed),
                                     options_.sample_protocol, kSamplingShare));
  return absl::OkStatus();
}

absl::Status Searcher::Fit() {
  predictor_ = AccuracyPredictor::Fit(space_, samples_);
  DYNOFA_RETURN_IF_ERROR(predictor_.status());
  DYNOFA_ASSIGN_OR_RETURN(result_.sample_error,
                          CrossValidate(space_, samples_, kFolds, options_.seed));
  result_.samples = samples_.size();
  progress_(base::StrCat(
      "predictor fitted on ", samples_.size(), " subnets; on left-out ones ",
      Format("RMSE %.2f points, Spearman %.3f, Kendall %.3f", 100 * result_.sample_error.rmse,
             result_.sample_error.spearman, result_.sample_error.kendall)));
  return absl::OkStatus();
}

// The latencies of whole nets that judge the table: as old as the table, from the same log.
absl::StatusOr<std::vector<double>> Searcher::WholeNets(const std::vector<SubnetConfig>& configs,
                                                        int threads, FigureLog& log) const {
  const auto name = [](const SubnetConfig& config) { return "whole net " + Text(config); };
  const bool known = std::all_of(configs.begin(), configs.end(), [&](const SubnetConfig& config) {
    return log.Find(name(config)).has_value();
  });
  if (!known) {
    DYNOFA_ASSIGN_OR_RETURN(
        const std::vector<Latency> latencies,
        MeasureWhole(model_, configs, {.threads = threads, .seed = options_.seed}));
    FigureLog::Figures figures;
    for (std::size_t i = 0; i < configs.size(); ++i) {
      figures[name(configs[i])] = latencies[i].median_ms;
    }
    DYNOFA_RETURN_IF_ERROR(log.Add(figures));
  }
  std::vector<double> whole;
  for (const SubnetConfig& config : configs) whole.push_back(*log.Find(name(config)));
  return whole;
}

absl::Status Searcher::CheckTable(FigureLog& log, Target& target) {
  const std::vector<SubnetConfig> configs = DrawSample(space_, kTableChecks, options_.seed);
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<double> whole,
                          WholeNets(configs, target.result.threads, log));
  // One half fits the line, the other judges it. A sample begins with pairs of extremes, and each
  // half gets both of a pair.
  std::vector<double> sums[2], measured[2], corrected;
  for (std::size_t i = 0; i < configs.size(); ++i) {
    DYNOFA_ASSIGN_OR_RETURN(const auto plan,
                            engine::ofa::MakePlan(space_.architecture, configs[i]));
    DYNOFA_ASSIGN_OR_RETURN(const double sum, target.table.Sum(plan));
    sums[i / 2 % 2].push_back(sum);
    measured[i / 2 % 2].push_back(whole[i]);
  }
  const Correction correction = FitCorrection(sums[0], measured[0]);
  for (double sum : sums[1]) corrected.push_back(correction.offset_ms + correction.factor * sum);
  target.table.set_correction(correction);
  target.result.correction = correction;
  target.result.sum_error = CompareLatencies(sums[1], measured[1]);
  target.result.corrected_error = CompareLatencies(corrected, measured[1]);
  progress_(base::StrCat(
      "latency table against ", sums[1].size(), " whole nets: ",
      Format("mean error %.1f %%, corrected %.1f %%", 100 * target.result.sum_error.mean,
             100 * target.result.corrected_error.mean)));
  return absl::OkStatus();
}

absl::Status Searcher::EvolveAll() {
  EvolutionOptions evolution = options_.evolution;
  evolution.seed = options_.seed;
  std::vector<SubnetConfig> first;
  for (const search::Sample& sample : samples_) first.push_back(sample.config);
  for (Target& target : targets_) {
    const Scorer score = [&](const SubnetConfig& config) -> absl::StatusOr<Candidate> {
      DYNOFA_ASSIGN_OR_RETURN(const auto plan, engine::ofa::MakePlan(space_.architecture, config));
      DYNOFA_ASSIGN_OR_RETURN(const double latency, target.table.Latency(plan));
      return Candidate{config, latency, predictor_->Predict(config)};
    };
    DYNOFA_ASSIGN_OR_RETURN(target.front, Evolve(space_, first, score, evolution));
    progress_(base::StrCat("evolved for ", target.result.threads,
                           " thread(s): ", target.front.size(), " subnets on the predicted front, ",
                           Format("%.3f to %.3f ms", target.front.front().latency_ms,
                                  target.front.back().latency_ms)));
  }
  return absl::OkStatus();
}

// An evolution finds where the predictor is too hopeful; measuring there corrects it.
absl::Status Searcher::Refine() {
  if (options_.refinements == 0) return absl::OkStatus();
  std::vector<SubnetConfig> configs;
  for (const Target& target : targets_) {
    for (const SubnetConfig& config : ConfigsOf(Spread(target.front, options_.refinements))) {
      configs.push_back(config);
    }
  }
  DYNOFA_ASSIGN_OR_RETURN(const auto more, Accuracies("refined", std::move(configs),
                                                      options_.sample_protocol, kRefiningShare));
  std::set<std::string> known;
  for (const search::Sample& sample : samples_) known.insert(Text(sample.config));
  for (const search::Sample& sample : more) {
    if (known.insert(Text(sample.config)).second) samples_.push_back(sample);
  }
  DYNOFA_RETURN_IF_ERROR(Fit());
  return EvolveAll();
}

// The predicted fronts, and the best of what has been measured on the way.
std::vector<SubnetConfig> Searcher::Candidates() const {
  std::map<std::string, SubnetConfig> candidates;
  const auto add = [&](const std::vector<Candidate>& front) {
    for (const Candidate& c : front) candidates.emplace(Text(c.config), c.config);
  };
  for (const Target& target : targets_) {
    add(Spread(target.front, options_.candidates));
    std::vector<Candidate> sampled;
    for (const search::Sample& sample : samples_) {
      const auto plan = engine::ofa::MakePlan(space_.architecture, sample.config);
      sampled.push_back(
          {sample.config, target.table.Latency(plan.value()).value(), sample.accuracy});
    }
    policies::KeepPareto(sampled, LatencyOf);
    add(Spread(sampled, kKeptSamples));
  }
  std::vector<SubnetConfig> configs;
  for (const auto& [text, config] : candidates) configs.push_back(config);
  return configs;
}

absl::Status Searcher::MeasureCandidates() {
  DYNOFA_ASSIGN_OR_RETURN(
      const auto measured,
      Accuracies("measured", Candidates(), options_.final_protocol, kMeasuringShare));
  if (measured.empty()) {
    return absl::DeadlineExceededError("no candidate could be measured within the budget");
  }
  std::vector<double> predicted, actual;
  for (const search::Sample& sample : measured) {
    predicted.push_back(predictor_->Predict(sample.config));
    actual.push_back(sample.accuracy);
  }
  result_.final_error = Compare(predicted, actual);
  for (Target& target : targets_) DYNOFA_RETURN_IF_ERROR(ChooseLadder(measured, target));
  return absl::OkStatus();
}

absl::Status Searcher::ChooseLadder(const std::vector<search::Sample>& measured, Target& target) {
  constexpr int kRounds = 9;
  constexpr int kRuns = 31;
  std::vector<SubnetConfig> configs;
  for (const search::Sample& sample : measured) configs.push_back(sample.config);
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<Latency> latencies,
                          MeasureWhole(model_, configs,
                                       {.threads = target.result.threads,
                                        .rounds = kRounds,
                                        .runs = kRuns,
                                        .seed = options_.seed}));
  std::vector<Candidate> front;
  for (std::size_t i = 0; i < measured.size(); ++i) {
    DYNOFA_ASSIGN_OR_RETURN(const auto plan,
                            engine::ofa::MakePlan(space_.architecture, configs[i]));
    DYNOFA_ASSIGN_OR_RETURN(const double predicted_ms, target.table.Latency(plan));
    target.result.candidates.push_back({configs[i], measured[i].accuracy,
                                        predictor_->Predict(configs[i]), latencies[i],
                                        predicted_ms});
    front.push_back({configs[i], latencies[i].median_ms, measured[i].accuracy});
  }
  policies::KeepPareto(front, LatencyOf);
  for (const Candidate& level : ChooseLevels(std::move(front), options_.ladder)) {
    for (MeasuredSubnet& subnet : target.result.candidates) {
      subnet.level = subnet.level || Text(subnet.config) == Text(level.config);
    }
  }
  std::sort(target.result.candidates.begin(), target.result.candidates.end(),
            [](const MeasuredSubnet& a, const MeasuredSubnet& b) {
              return a.latency.median_ms < b.latency.median_ms;
            });
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SearchResult> Search(std::shared_ptr<const engine::ofa::OfaModel> model,
                                    const Space& space, const AccuracyMeter& meter,
                                    const SearchOptions& options, const base::Clock& clock,
                                    const SearchProgress& progress) {
  return Searcher(std::move(model), space, meter, options, clock, progress).Run();
}

}  // namespace dynofa::tools::search
