#include "daemon/hardware/sysfs/accelerators.h"

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::hardware::sysfs {
namespace {

ParentDevice Parent(const std::string& driver, const std::string& node,
                    const std::string& compatible = "") {
  return {.driver = driver, .node = node, .compatible = compatible};
}

TEST_CASE("What a devfreq device clocks is told by driver, node and name, never by its index") {
  CHECK(RoleOf("17000000.gv11b", Parent("", "gv11b")) == DeviceRole::kGpu);
  CHECK(RoleOf("17000000.gpu", Parent("gk20a", "ga10b")) == DeviceRole::kGpu);
  CHECK(RoleOf("fb000000.gpu", Parent("panthor", "gpu", "rockchip,rk3588-mali")) ==
        DeviceRole::kGpu);
  CHECK(RoleOf("11800000.mali", Parent("", "", "arm,mali-t628")) == DeviceRole::kGpu);
  CHECK(RoleOf("gpu-gpc-0", {}) == DeviceRole::kGpu);
  CHECK(RoleOf("fdab0000.npu", Parent("RKNPU", "npu")) == DeviceRole::kNpu);
  CHECK(RoleOf("15880000.nvdla0", Parent("", "nvdla0")) == DeviceRole::kDla);
  CHECK(RoleOf("dmc", Parent("rockchip-dmc", "dmc")) == DeviceRole::kMemory);
  CHECK(RoleOf("10c20000.memory-controller", Parent("exynos5-dmc", "memory-controller")) ==
        DeviceRole::kMemory);
  CHECK(RoleOf("15340000.vic", Parent("tegra-vic", "vic")) == DeviceRole::kOther);
  CHECK(RoleOf("", {}) == DeviceRole::kOther);
}

TEST_CASE("Load is per mille of a Jetson, per cent of a Rockchip, and nothing else is one") {
  CHECK(ParseAcceleratorLoad("250\n") == 0.25);
  CHECK(ParseAcceleratorLoad("12@300000000Hz\n") == 0.12);
  CHECK(ParseAcceleratorLoad("99999") == 1.0);
  for (const char* text : {"", "-5", "busy", "@", "5 6"}) {
    CHECK_FALSE(ParseAcceleratorLoad(text).has_value());
  }
}

TEST_CASE("GPU, NPU and memory are found below devfreq; a second GPU has a name of its own") {
  tests::TempDir dir;
  const auto put = [&](const std::string& device, const std::string& uevent) {
    dir.Write("class/devfreq/" + device + "/device/uevent", uevent);
    dir.Write("class/devfreq/" + device + "/available_frequencies", "300000000 900000000\n");
    dir.Write("class/devfreq/" + device + "/cur_freq", "300000000\n");
    dir.Write("class/devfreq/" + device + "/min_freq", "300000000\n");
    dir.Write("class/devfreq/" + device + "/max_freq", "900000000\n");
  };
  put("a", "DRIVER=panthor\nOF_NAME=gpu\n");
  put("b", "DRIVER=RKNPU\nOF_NAME=npu\n");
  put("c", "DRIVER=panfrost\nOF_NAME=gpu\n");
  put("d", "OF_NAME=dmc\n");
  dir.Write("class/devfreq/c/load", "50@300000000Hz\n");
  const Accelerators found = FindAccelerators(dir.path());
  REQUIRE(found.clocked.size() == 3);
  CHECK(found.clocked[0].clock.info.id == "gpu");
  CHECK(found.clocked[0].clock.info.driver == "panthor");
  CHECK(found.clocked[0].clock.info.writable);
  CHECK(found.clocked[0].clock.info.frequencies_khz == std::vector<std::int64_t>{300000, 900000});
  CHECK(found.clocked[1].clock.info.id == "npu");
  CHECK_FALSE(found.clocked[1].clock.info.writable);
  CHECK(found.clocked[1].clock.info.read_only_reason.find("shown only") != std::string::npos);
  CHECK(found.clocked[2].clock.info.id == "gpu1");
  CHECK(found.clocked[2].load != nullptr);
  CHECK(found.memory != nullptr);
  CHECK(found.memory_source == "devfreq d");
}

TEST_CASE("DLAs and NPUs without a clock are found, too; a GPU without a table is shown") {
  tests::TempDir dir;
  dir.Write("bus/platform/devices/15880000.nvdla0/uevent", "");
  dir.Write("bus/platform/devices/158c0000.nvdla1/uevent", "");
  dir.Write("class/accel/accel0/device/uevent", "DRIVER=intel_vpu\n");
  dir.Write("class/devfreq/gpu-gpc-0/available_frequencies", "none\n");
  const Accelerators found = FindAccelerators(dir.path());
  CHECK(found.clocked.empty());
  REQUIRE(found.others.size() == 4);
  CHECK(found.others[0].id == "gpu");
  CHECK(found.others[1].id == "dla0");
  CHECK(found.others[1].driver == "nvdla0");
  CHECK(found.others[2].id == "dla1");
  CHECK(found.others[3].id == "npu");
  CHECK(found.others[3].driver == "intel_vpu");
  for (const policies::ClusterInfo& info : found.others) CHECK_FALSE(info.writable);
}

}  // namespace
}  // namespace dynofa::hardware::sysfs
