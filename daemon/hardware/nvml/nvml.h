#ifndef DYNOFA_DAEMON_HARDWARE_NVML_NVML_H_
#define DYNOFA_DAEMON_HARDWARE_NVML_NVML_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace dynofa::hardware::nvml {

/// NVIDIA's management library, as its driver installs it.
inline constexpr char kLibrary[] = "libnvidia-ml.so.1";

struct Gpu {
  std::string name;  ///< for people: "NVIDIA H100 80GB HBM3"
  /// Highest clock of the multiprocessors, kHz; 0 if unknown.
  std::int64_t max_khz = 0;
};

/// What cannot be told is nullopt.
struct GpuReading {
  std::optional<std::int64_t> khz;  ///< of the multiprocessors
  std::optional<double> celsius;
  std::optional<double> power_w;
  std::optional<double> load;  ///< 0..1, of everybody
};

/// The discrete NVIDIA GPUs of this machine, by the library that is loaded at run time where there
/// is one. Only looks. Thread-compatible; a call takes as long as the driver does.
class Nvml {
 public:
  /// NOT_FOUND: there is no such library. Else why it cannot be used (the driver is not loaded, the
  /// devices may not be opened).
  static absl::StatusOr<std::unique_ptr<Nvml>> Load(const std::string& file);
  ~Nvml();
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  const std::vector<Gpu>& gpus() const { return gpus_; }

  /// REQUIRES: index < gpus().size().
  GpuReading Read(std::size_t index) const;

 private:
  struct Functions;

  explicit Nvml(std::unique_ptr<Functions> functions);
  absl::Status Open();

  const std::unique_ptr<Functions> functions_;
  std::vector<void*> handles_;
  std::vector<Gpu> gpus_;
};

}  // namespace dynofa::hardware::nvml

#endif  // DYNOFA_DAEMON_HARDWARE_NVML_NVML_H_
