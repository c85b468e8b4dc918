#include "daemon/tools/search/latency_meter.h"

#include <map>
#include <string>
#include <utility>

#include "daemon/base/clock.h"
#include "daemon/base/status.h"
#include "daemon/engine/cpu/part_timer.h"
#include "daemon/engine/cpu/supernet.h"
#include "daemon/tools/subnet_models.h"

namespace dynofa::tools::search {
namespace {

constexpr int kTableRounds = 5;
constexpr int kTableRuns = 15;  // of each subnet in each round

using engine::ofa::OfaModel;
using engine::ofa::Subnet;

// A catalogue of `configs`; equal ones appear once.
absl::StatusOr<std::shared_ptr<const OfaModel>> Catalogue(
    std::shared_ptr<const OfaModel> model, const std::vector<SubnetConfig>& configs) {
  std::map<std::string, SubnetConfig> by_id;
  for (const SubnetConfig& config : configs) by_id.emplace(SubnetId(config), config);
  std::vector<Subnet> subnets;
  for (const auto& [id, config] : by_id) subnets.push_back({.id = id, .config = config});
  return ModelOf(std::move(model), subnets, {});
}

absl::StatusOr<bool> FromLog(const Space& space, const FigureLog& log, LatencyTable& table) {
  for (const SubnetConfig& config : TableSubnets(space)) {
    DYNOFA_ASSIGN_OR_RETURN(const engine::ofa::NetPlan plan,
                            engine::ofa::MakePlan(space.architecture, config));
    std::vector<double> parts;
    for (const std::string& key : PartKeys(plan)) {
      const auto ms = log.Find(key);
      if (!ms) return false;
      parts.push_back(*ms);
    }
    table.Add(plan, parts);
  }
  return true;
}

}  // namespace

absl::StatusOr<LatencyTable> MeasureTable(std::shared_ptr<const OfaModel> model, const Space& space,
                                          int threads, FigureLog& log) {
  LatencyTable known;
  DYNOFA_ASSIGN_OR_RETURN(const bool complete, FromLog(space, log, known));
  if (complete) return known;
  const std::vector<SubnetConfig> subnets = TableSubnets(space);
  DYNOFA_ASSIGN_OR_RETURN(auto catalogue, Catalogue(std::move(model), subnets));
  const base::SteadyClock clock;
  DYNOFA_ASSIGN_OR_RETURN(const auto timer,
                          engine::cpu::PartTimer::Create(std::move(catalogue), threads, clock));
  LatencyTable table;
  for (int round = 0; round < kTableRounds; ++round) {
    for (const SubnetConfig& config : subnets) {
      DYNOFA_ASSIGN_OR_RETURN(const engine::ofa::NetPlan plan,
                              engine::ofa::MakePlan(space.architecture, config));
      DYNOFA_ASSIGN_OR_RETURN(const std::vector<double> parts,
                              timer->Time(SubnetId(config), kTableRuns));
      table.Add(plan, parts);
    }
  }
  DYNOFA_RETURN_IF_ERROR(log.Add(table.Entries()));
  return table;
}

absl::StatusOr<std::vector<Latency>> MeasureWhole(std::shared_ptr<const OfaModel> model,
                                                  const std::vector<SubnetConfig>& configs,
                                                  const LatencyOptions& options) {
  DYNOFA_ASSIGN_OR_RETURN(auto catalogue, Catalogue(std::move(model), configs));
  DYNOFA_ASSIGN_OR_RETURN(const auto supernet, engine::cpu::MakeSupernet(std::move(catalogue)));
  std::vector<std::string> ids;
  for (const SubnetConfig& config : configs) ids.push_back(SubnetId(config));
  return MeasureLatencies(*supernet, ids, options);
}

}  // namespace dynofa::tools::search
