// dynofactl bench: plays a scenario against the running service.

#include <iostream>
#include <string>

#include "client/cli/bench/play.h"
#include "client/cli/bench/report.h"
#include "client/cli/bench/stage.h"
#include "client/cli/commands.h"
#include "daemon/scenario/rules/metrics.h"
#include "daemon/scenario/rules/scenario_file.h"

namespace dynofa::cli {

int Bench(const Common& common, const BenchArguments& arguments) {
  const auto scenario = scenario::LoadScenario(arguments.scenario);
  if (!scenario.ok()) {
    std::cerr << "dynofactl: " << std::string(scenario.status().message()) << std::endl;
    return kExitUsage;
  }
  auto service = ConnectOrExplain(common);
  if (!service) return kExitService;
  const auto stage = bench::SetStage(*scenario, *service);
  if (!stage.ok()) return Fail(common, stage.error());
  if (!common.json) {
    std::cerr << "dynofactl: playing " << scenario->id << " for " << scenario->length_s << " s"
              << std::endl;
  }
  const auto trace = bench::Play(*scenario, *stage,
                                 {.connect = {.socket = common.socket},
                                  .bus = common.bus,
                                  .control = arguments.emulator_control,
                                  .seed = arguments.seed.value_or(scenario->seed),
                                  .pattern_side = arguments.pattern_side});
  if (!trace.ok()) return Fail(common, trace.error());
  const scenario::RunMetrics metrics = scenario::Measure(*trace);
  if (common.json) {
    std::cout << bench::ToJson(*scenario, *stage, metrics).dump(1) << std::endl;
  } else {
    std::cout << bench::ToText(*scenario, *stage, metrics);
  }
  return kExitOk;
}

}  // namespace dynofa::cli
