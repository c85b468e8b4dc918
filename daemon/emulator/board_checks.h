#ifndef DYNOFA_DAEMON_EMULATOR_BOARD_CHECKS_H_
#define DYNOFA_DAEMON_EMULATOR_BOARD_CHECKS_H_

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "daemon/emulator/board_model.h"

namespace dynofa::emulator {

/// What the values of a board file must be like. An error's message goes after the key that has
/// the value ("must be ...").

/// Up to 64 of a-z, 0-9 and '-', a letter first.
bool IsBoardId(std::string_view text);

/// 1 to 128 bytes without control characters.
bool IsPlainText(std::string_view text);

/// A single path component: the emulated tree has folders of these names.
bool IsFileName(std::string_view text);
inline constexpr std::string_view kFileNameRule =
    "must be up to 64 letters, digits and any of . _ : + - and begin with a letter or digit";

/// A bus and an address of I2C as the kernel names a device: "7-0040".
bool IsI2cDevice(std::string_view text);

/// Governors that the emulator has, no two alike, among them the default.
absl::Status CheckGovernors(const ClusterModel& cluster);

/// The CPUs of a cluster follow from its id: "cpu4" with two cores has the CPUs 4 and 5. They must
/// not be those of `others`, and no id may be there twice.
absl::Status CheckClusterId(const ClusterModel& cluster, const std::vector<ClusterModel>& others);

/// Each cluster has its zone, at most one rail is the total, and heat does not run away: leakage
/// rises with the temperature by less than cools.
absl::Status CheckWhole(const BoardModel& board);

/// The number in "cpu4", or -1.
int FirstCpu(std::string_view id);

}  // namespace dynofa::emulator

#endif  // DYNOFA_DAEMON_EMULATOR_BOARD_CHECKS_H_
