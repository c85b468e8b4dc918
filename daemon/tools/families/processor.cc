#include "daemon/tools/families/processor.h"

#include <sys/utsname.h>

#include <array>
#include <cstring>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace dynofa::tools::families {
namespace {

std::string Architecture() {
  utsname names{};
  return uname(&names) == 0 ? names.machine : "unknown processor";
}

#if defined(__x86_64__)
// The brand string: three leaves of 16 characters (Intel SDM, CPUID 80000002h to 80000004h).
std::string BrandString() {
  constexpr unsigned kFirstLeaf = 0x80000002;
  std::array<unsigned, 12> words{};
  for (unsigned leaf = 0; leaf < 3; ++leaf) {
    unsigned* part = words.data() + std::size_t{4} * leaf;
    if (__get_cpuid(kFirstLeaf + leaf, &part[0], &part[1], &part[2], &part[3]) == 0) return "";
  }
  const auto* text = reinterpret_cast<const char*>(words.data());
  std::string brand(text, strnlen(text, sizeof(words)));
  brand.erase(0, brand.find_first_not_of(' '));
  brand.erase(brand.find_last_not_of(' ') + 1);
  return brand;
}
#else
std::string BrandString() { return ""; }
#endif

}  // namespace

std::string ProcessorName() {
  const std::string brand = BrandString();
  return brand.empty() ? Architecture() : brand;
}

}  // namespace dynofa::tools::families
