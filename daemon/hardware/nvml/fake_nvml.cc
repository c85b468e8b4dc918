// A stand-in for NVIDIA's library, with one GPU at 1.2 of 1.98 GHz; for tests. Its second device
// has an error for every question.

#include <cstring>

extern "C" {

struct FakeUtilization {
  unsigned gpu, memory;
};

int nvmlInit_v2() { return 0; }
int nvmlShutdown() { return 0; }
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = 2;
  return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** handle) {
  static int devices[2] = {0, 1};
  *handle = &devices[index];
  return 0;
}

static bool Works(void* handle) { return *static_cast<int*>(handle) == 0; }

int nvmlDeviceGetName(void* handle, char* name, unsigned size) {
  if (!Works(handle)) return 999;
  std::strncpy(name, "Fake GPU", size);
  return 0;
}
int nvmlDeviceGetClockInfo(void* handle, int type, unsigned* mhz) {
  *mhz = 1200;
  return Works(handle) && type == 1 ? 0 : 999;
}
int nvmlDeviceGetMaxClockInfo(void* handle, int type, unsigned* mhz) {
  *mhz = 1980;
  return Works(handle) && type == 1 ? 0 : 999;
}
int nvmlDeviceGetTemperature(void* handle, int, unsigned* celsius) {
  *celsius = 41;
  return Works(handle) ? 0 : 999;
}
int nvmlDeviceGetPowerUsage(void* handle, unsigned* milliwatts) {
  *milliwatts = 70500;
  return Works(handle) ? 0 : 999;
}
int nvmlDeviceGetUtilizationRates(void* handle, FakeUtilization* rates) {
  *rates = {25, 10};
  return Works(handle) ? 0 : 999;
}

}  // extern "C"
