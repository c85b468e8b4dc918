#include "daemon/tools/search/report.h"

#include <cstdarg>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace dynofa::tools::search {
namespace {

using nlohmann::json;

[[gnu::format(printf, 2, 3)]] void Append(std::string& text, const char* format, ...) {
  char line[256];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line, sizeof(line), format, arguments);
  va_end(arguments);
  text += line;
}

json ErrorJson(const PredictionError& error) {
  return {{"rmse", error.rmse},
          {"bias", error.bias},
          {"spearman", error.spearman},
          {"kendall", error.kendall},
          {"subnets", error.subnets}};
}

json ErrorJson(const TableError& error) {
  return {{"mean_relative_error", error.mean},
          {"median_ratio", error.bias},
          {"subnets", error.subnets}};
}

json SubnetJson(const MeasuredSubnet& subnet) {
  return {{"id", SubnetId(subnet.config)},
          {"resolution", subnet.config.resolution},
          {"kernels", subnet.config.kernels},
          {"expands", subnet.config.expands},
          {"depths", subnet.config.depths},
          {"top1", subnet.accuracy},
          {"predicted_top1", subnet.predicted_accuracy},
          {"latency_ms", subnet.latency.median_ms},
          {"latency_low_ms", subnet.latency.low_ms},
          {"latency_high_ms", subnet.latency.high_ms},
          {"predicted_ms", subnet.predicted_ms},
          {"level", subnet.level}};
}

void AppendTarget(const ThreadsResult& target, std::string& text) {
  Append(text, "\ncpu, %d thread(s)\n", target.threads);
  Append(text,
         "latency table: %zu parts measured; sums against %zu whole nets: mean error %.1f %%, "
         "median ratio %.3f\n",
         target.table_entries, target.sum_error.subnets, 100 * target.sum_error.mean,
         target.sum_error.bias);
  Append(text,
         "corrected (%.4f ms + %.3f x sum, fitted on others): mean error %.1f %%, median ratio "
         "%.3f\n",
         target.correction.offset_ms, target.correction.factor, 100 * target.corrected_error.mean,
         target.corrected_error.bias);
  text += "level              measured ms  (predicted)  measured top-1  (predicted)\n";
  for (const MeasuredSubnet& subnet : target.candidates) {
    if (!subnet.level) continue;
    Append(text, "%-18s %11.4f  (%9.4f)  %14.4f  (%9.4f)\n", SubnetId(subnet.config).c_str(),
           subnet.latency.median_ms, subnet.predicted_ms, subnet.accuracy,
           subnet.predicted_accuracy);
  }
}

}  // namespace

std::string ReportText(const SearchResult& result, const SearchOptions& options) {
  std::string text;
  Append(text,
         "accuracy predictor: fitted on %zu subnets (calibrated on %d training images, measured on "
         "%zu held-out ones)\n",
         result.samples, options.sample_protocol.calibration_images,
         options.sample_protocol.images);
  Append(text, "  on subnets left out of the fit: RMSE %.2f points, Spearman %.3f, Kendall %.3f\n",
         100 * result.sample_error.rmse, result.sample_error.spearman, result.sample_error.kendall);
  Append(
      text,
      "  on %zu candidates measured in full: RMSE %.2f points (bias %+.2f: other images), Spearman "
      "%.3f\n",
      result.final_error.subnets, 100 * result.final_error.rmse, 100 * result.final_error.bias,
      result.final_error.spearman);
  if (result.out_of_time) text += "the time budget ended some step early\n";
  for (const ThreadsResult& target : result.by_threads) AppendTarget(target, text);
  return text;
}

std::string ReportJson(const engine::ofa::OfaModel& model, const SearchResult& result,
                       const SearchOptions& options) {
  json targets = json::array();
  for (const ThreadsResult& target : result.by_threads) {
    json candidates = json::array();
    for (const MeasuredSubnet& subnet : target.candidates) {
      candidates.push_back(SubnetJson(subnet));
    }
    targets.push_back({{"backend", "cpu"},
                       {"threads", target.threads},
                       {"table",
                        {{"parts", target.table_entries},
                         {"sum", ErrorJson(target.sum_error)},
                         {"corrected", ErrorJson(target.corrected_error)},
                         {"offset_ms", target.correction.offset_ms},
                         {"factor", target.correction.factor}}},
                       {"candidates", candidates}});
  }
  const json report = {{"model", model.info().name},
                       {"weights", model.info().weights_digest},
                       {"evidence", "measured"},
                       {"seed", options.seed},
                       {"predictor",
                        {{"subnets", result.samples},
                         {"calibration_images", options.sample_protocol.calibration_images},
                         {"images", options.sample_protocol.images},
                         {"left_out", ErrorJson(result.sample_error)},
                         {"candidates", ErrorJson(result.final_error)}}},
                       {"out_of_time", result.out_of_time},
                       {"searches", targets}};
  return report.dump(2);
}

}  // namespace dynofa::tools::search
