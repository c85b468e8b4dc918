#ifndef DYNOFA_DAEMON_ENGINE_LOADER_LOADER_H_
#define DYNOFA_DAEMON_ENGINE_LOADER_LOADER_H_

#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/engine/ofa/weights.h"
#include "daemon/engine/supernet.h"

namespace dynofa::engine {

/// Names of the backends in this build, the fastest first. Empty in a build without any.
std::vector<std::string_view> BackendNames();

/// A model of the OFA family on `backend`; INVALID_ARGUMENT names the backends there are.
/// LoadSupernet() (supernet.h) does this for a model directory of any family.
absl::StatusOr<std::shared_ptr<Supernet>> MakeOfaSupernet(
    std::shared_ptr<const ofa::OfaModel> model, std::string_view backend);

}  // namespace dynofa::engine

#endif  // DYNOFA_DAEMON_ENGINE_LOADER_LOADER_H_
