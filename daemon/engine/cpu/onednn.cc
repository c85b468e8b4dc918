#include "daemon/engine/cpu/onednn.h"

#include <omp.h>
#include <oneapi/dnnl/dnnl_debug.h>

#include "daemon/base/strings.h"

namespace dynofa::engine::cpu {

const dnnl::engine& Engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

std::string LibraryBuild() {
  const dnnl_version_t* const version = dnnl_version();
  return base::StrCat("oneDNN ", version->major, ".", version->minor, ".", version->patch, ", ",
                      dnnl_cpu_isa2str(dnnl_get_effective_cpu_isa()));
}

absl::Status FromStatus(dnnl_status_t status, std::string_view what) {
  if (status == dnnl_success) return absl::OkStatus();
  const std::string message = base::StrCat("oneDNN: ", what, " failed: ", dnnl_status2str(status));
  if (status == dnnl_out_of_memory) return absl::ResourceExhaustedError(message);
  return absl::InternalError(message);
}

absl::Status FromError(const dnnl::error& error, std::string_view what) {
  return FromStatus(error.status, what);
}

ScopedThreads::ScopedThreads(int threads) : before_(omp_get_max_threads()) {
  if (before_ != threads) omp_set_num_threads(threads);
}

ScopedThreads::~ScopedThreads() {
  if (omp_get_max_threads() != before_) omp_set_num_threads(before_);
}

}  // namespace dynofa::engine::cpu
