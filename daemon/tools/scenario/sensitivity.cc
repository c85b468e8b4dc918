#include "daemon/tools/scenario/sensitivity.h"

#include <cmath>
#include <map>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/scenario/variation.h"
#include "daemon/tools/report/text.h"

namespace dynofa::tools::scenario {
namespace {

using dynofa::scenario::EnergyComparison;
using dynofa::scenario::PolicySummary;
using dynofa::scenario::RunSuite;
using report::Fixed;
using report::Signed;

const char* Words(Conclusion conclusion) {
  switch (conclusion) {
    case Conclusion::kLess:
      return "less energy";
    case Conclusion::kMore:
      return "more energy";
    case Conclusion::kSame:
      return "the same energy";
    case Conclusion::kWorseService:
      return "worse service";
    case Conclusion::kBetterService:
      return "better service";
  }
  return "";
}

std::string Cell(const EnergyComparison& comparison, Conclusion conclusion) {
  if (!comparison.comparable) return base::StrCat(Words(conclusion), " (", comparison.why, ")");
  return base::StrCat(Signed(comparison.percent.mean, 1), " %");
}

std::vector<std::string> Chosen(const std::vector<std::string>& coefficients) {
  if (coefficients != std::vector<std::string>{"all"}) return coefficients;
  std::vector<std::string> names;
  for (const std::string_view name : dynofa::scenario::CoefficientNames()) names.emplace_back(name);
  return names;
}

}  // namespace

Conclusion ConclusionOf(const EnergyComparison& comparison, const PolicySummary& policy,
                        const PolicySummary& first) {
  if (!comparison.comparable) {
    const double attainment = policy.attainment.mean - first.attainment.mean;
    const bool by_attainment = std::abs(attainment) > dynofa::scenario::kEqualAttainment;
    const double difference =
        by_attainment ? attainment : policy.accuracy.mean - first.accuracy.mean;
    return difference < 0.0 ? Conclusion::kWorseService : Conclusion::kBetterService;
  }
  const double half =
      std::isnan(comparison.percent.half_width) ? 0.0 : comparison.percent.half_width;
  if (std::abs(comparison.percent.mean) <= half) return Conclusion::kSame;
  return comparison.percent.mean < 0.0 ? Conclusion::kLess : Conclusion::kMore;
}

Side SideOf(Conclusion conclusion, const PolicySummary& policy, const PolicySummary& first) {
  const bool late =
      std::abs(policy.attainment.mean - first.attainment.mean) > dynofa::scenario::kEqualAttainment;
  const double energy_j = policy.board_j.mean - first.board_j.mean;
  switch (conclusion) {
    case Conclusion::kMore:
      return Side::kFirst;
    case Conclusion::kLess:
      return Side::kOther;
    case Conclusion::kWorseService:
      return late || energy_j >= 0.0 ? Side::kFirst : Side::kNone;
    case Conclusion::kBetterService:
      return late || energy_j <= 0.0 ? Side::kOther : Side::kNone;
    case Conclusion::kSame:
      return Side::kNone;
  }
  return Side::kNone;
}

absl::StatusOr<Sensitivity> RunSensitivity(const dynofa::scenario::Scenario& scenario,
                                           const emulator::BoardModel& board,
                                           const std::vector<std::string>& coefficients,
                                           double percent,
                                           const dynofa::scenario::SuiteOptions& options) {
  Sensitivity sensitivity;
  const std::string error = ProfileErrorText(options.profile_error);
  sensitivity.table = {
      .title = base::StrCat("Sensitivity of ", scenario.id),
      .note = base::StrCat("Emulated. Energy against ", options.policies.front(),
                           " where service is equal; one coefficient of ", board.id,
                           " varied at a time", error.empty() ? "" : "; ", error, "."),
      .header = {"board", "attained by " + options.policies.front() + " %"}};
  for (std::size_t i = 1; i < options.policies.size(); ++i) {
    sensitivity.table.header.push_back(options.policies[i]);
  }
  std::map<std::string, std::pair<Side, std::string>> plain;
  const auto play = [&](const emulator::BoardModel& varied,
                        const std::string& name) -> absl::Status {
    DYNOFA_ASSIGN_OR_RETURN(const ScenarioResult result, RunSuite(scenario, varied, options));
    sensitivity.simulated_s += result.simulated_s;
    std::vector<std::string> row = {name, Fixed(result.policies.front().attainment.mean, 1)};
    for (std::size_t i = 0; i < result.comparisons.size(); ++i) {
      const EnergyComparison& comparison = result.comparisons[i];
      const Conclusion conclusion =
          ConclusionOf(comparison, result.policies[i + 1], result.policies.front());
      row.push_back(Cell(comparison, conclusion));
      const Side side = SideOf(conclusion, result.policies[i + 1], result.policies.front());
      const auto& [plain_side, plain_cell] =
          plain.try_emplace(comparison.policy, side, row.back()).first->second;
      if (side == plain_side) continue;
      sensitivity.exceptions.push_back(base::StrCat(name, ", ", comparison.policy, ": ", row.back(),
                                                    " instead of ", plain_cell));
    }
    sensitivity.table.rows.push_back(std::move(row));
    return absl::OkStatus();
  };
  DYNOFA_RETURN_IF_ERROR(play(board, "as it is"));
  for (const std::string& coefficient : Chosen(coefficients)) {
    for (const double sign : {-1.0, 1.0}) {
      emulator::BoardModel varied = board;
      DYNOFA_RETURN_IF_ERROR(
          dynofa::scenario::Vary(coefficient, 1.0 + sign * percent / 100.0, &varied));
      DYNOFA_RETURN_IF_ERROR(
          play(varied, base::StrCat(coefficient, " ", Signed(sign * percent, 0), " %")));
    }
  }
  return sensitivity;
}

}  // namespace dynofa::tools::scenario
