#include "daemon/hardware/nvml/nvml.h"

#include <dlfcn.h>

#include <array>
#include <string_view>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"

namespace dynofa::hardware::nvml {
namespace {

// From nvml.h, whose ABI is stable: every function returns 0 for success.
constexpr int kSuccess = 0;
constexpr int kClockSm = 1;
constexpr int kTemperatureGpu = 0;
constexpr unsigned kMostGpus = 64;
constexpr std::size_t kNameSize = 96;
constexpr std::int64_t kKhzPerMhz = 1000;

struct Utilization {
  unsigned gpu;  // per cent
  unsigned memory;
};

class Closer {
 public:
  explicit Closer(void* library) : library_(library) {}
  ~Closer() {
    if (library_ != nullptr) ::dlclose(library_);
  }
  Closer(const Closer&) = delete;
  Closer& operator=(const Closer&) = delete;
  void* get() const { return library_; }

 private:
  void* const library_;
};

}  // namespace

struct Nvml::Functions {
  explicit Functions(void* opened) : library(opened) {}

  Closer library;
  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  int (*count)(unsigned*) = nullptr;
  int (*handle)(unsigned, void**) = nullptr;
  int (*name)(void*, char*, unsigned) = nullptr;
  int (*clock)(void*, int, unsigned*) = nullptr;
  int (*max_clock)(void*, int, unsigned*) = nullptr;
  int (*temperature)(void*, int, unsigned*) = nullptr;
  int (*power)(void*, unsigned*) = nullptr;
  int (*utilization)(void*, Utilization*) = nullptr;
  bool initialized = false;

  template <typename Function>
  bool Find(const char* symbol, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(library.get(), symbol));
    return function != nullptr;
  }

  bool FindAll() {
    return Find("nvmlInit_v2", init) && Find("nvmlShutdown", shutdown) &&
           Find("nvmlDeviceGetCount_v2", count) && Find("nvmlDeviceGetHandleByIndex_v2", handle) &&
           Find("nvmlDeviceGetName", name) && Find("nvmlDeviceGetClockInfo", clock) &&
           Find("nvmlDeviceGetMaxClockInfo", max_clock) &&
           Find("nvmlDeviceGetTemperature", temperature) &&
           Find("nvmlDeviceGetPowerUsage", power) &&
           Find("nvmlDeviceGetUtilizationRates", utilization);
  }
};

absl::StatusOr<std::unique_ptr<Nvml>> Nvml::Load(const std::string& file) {
  void* const library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return absl::NotFoundError(base::StrCat(file, " is not there"));
  auto functions = std::make_unique<Functions>(library);
  if (!functions->FindAll()) {
    return absl::UnimplementedError(base::StrCat(file, " is too old, or something else"));
  }
  std::unique_ptr<Nvml> nvml(new Nvml(std::move(functions)));
  DYNOFA_RETURN_IF_ERROR(nvml->Open());
  return nvml;
}

Nvml::Nvml(std::unique_ptr<Functions> functions) : functions_(std::move(functions)) {}

Nvml::~Nvml() {
  if (functions_->initialized) functions_->shutdown();
}

absl::Status Nvml::Open() {
  if (const int error = functions_->init(); error != kSuccess) {
    return absl::UnavailableError(
        base::StrCat("NVML answers with error ", error,
                     ": the driver is not loaded, or this process may not open /dev/nvidia*"));
  }
  functions_->initialized = true;
  unsigned count = 0;
  if (functions_->count(&count) != kSuccess || count > kMostGpus) {
    return absl::InternalError("NVML does not tell how many GPUs there are");
  }
  for (unsigned i = 0; i < count; ++i) {
    void* handle = nullptr;
    if (functions_->handle(i, &handle) != kSuccess) continue;
    Gpu gpu;
    std::array<char, kNameSize> name{};
    if (functions_->name(handle, name.data(), kNameSize) == kSuccess) {
      name.back() = '\0';
      gpu.name = name.data();
    }
    unsigned mhz = 0;
    if (functions_->max_clock(handle, kClockSm, &mhz) == kSuccess) gpu.max_khz = mhz * kKhzPerMhz;
    handles_.push_back(handle);
    gpus_.push_back(std::move(gpu));
  }
  return absl::OkStatus();
}

GpuReading Nvml::Read(std::size_t index) const {
  void* const handle = handles_[index];
  GpuReading reading;
  unsigned value = 0;
  if (functions_->clock(handle, kClockSm, &value) == kSuccess) reading.khz = value * kKhzPerMhz;
  if (functions_->temperature(handle, kTemperatureGpu, &value) == kSuccess) {
    reading.celsius = value;
  }
  if (functions_->power(handle, &value) == kSuccess) reading.power_w = value / 1e3;
  Utilization utilization{};
  if (functions_->utilization(handle, &utilization) == kSuccess && utilization.gpu <= 100) {
    reading.load = utilization.gpu / 1e2;
  }
  return reading;
}

}  // namespace dynofa::hardware::nvml
