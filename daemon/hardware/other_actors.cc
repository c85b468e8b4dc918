#include "daemon/hardware/other_actors.h"

namespace dynofa::hardware {

const std::vector<OtherActor>& OtherActors() {
  static const std::vector<OtherActor> kActors = {
      // tuned and TLP serve the same names for desktops that ask for profiles.
      {.name = "power-profiles-daemon",
       .bus_names = {"net.hadess.PowerProfiles", "org.freedesktop.UPower.PowerProfiles"},
       .program = "power-profiles-",
       .takes_governor = true},
      {.name = "tuned",
       .bus_names = {"com.redhat.tuned"},
       .program = "tuned",
       .takes_governor = true},
      {.name = "tlp", .unit = "tlp.service", .takes_governor = true},
      {.name = "system76-power",
       .bus_names = {"com.system76.PowerDaemon"},
       .program = "system76-power",
       .takes_governor = true},
      // Lowers clocks when it is hot, as the kernel does: welcome.
      {.name = "thermald", .bus_names = {"org.freedesktop.thermald"}, .program = "thermald"},
      // Run for a moment and set everything; what they leave behind is respected.
      {.name = "nvpmodel", .program = "nvpmodel", .takes_governor = true, .takes_limits = true},
      {.name = "jetson_clocks",
       .program = "jetson_clocks",
       .takes_governor = true,
       .takes_limits = true},
  };
  return kActors;
}

const OtherActor* FindOtherActor(std::string_view name) {
  for (const OtherActor& actor : OtherActors()) {
    if (actor.name == name) return &actor;
  }
  return nullptr;
}

}  // namespace dynofa::hardware
