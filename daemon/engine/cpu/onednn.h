#ifndef DYNOFA_DAEMON_ENGINE_CPU_ONEDNN_H_
#define DYNOFA_DAEMON_ENGINE_CPU_ONEDNN_H_

#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace dynofa::engine::cpu {

/// The process's one CPU engine.
const dnnl::engine& Engine();

/// "oneDNN 2.6.3, AVX512_CORE": the library and the instruction set that it generates code for.
std::string LibraryBuild();

/// oneDNN's answer as a status; `what` says what was tried. OK stays OK.
absl::Status FromStatus(dnnl_status_t status, std::string_view what);
absl::Status FromError(const dnnl::error& error, std::string_view what);

/// Gives the calling thread's parallel regions `threads` OpenMP threads while it lives. oneDNN
/// asks for that number when it makes a primitive and when it runs one.
class ScopedThreads {
 public:
  explicit ScopedThreads(int threads);
  ~ScopedThreads();
  ScopedThreads(const ScopedThreads&) = delete;
  ScopedThreads& operator=(const ScopedThreads&) = delete;

 private:
  int before_;
};

}  // namespace dynofa::engine::cpu

#endif  // DYNOFA_DAEMON_ENGINE_CPU_ONEDNN_H_
