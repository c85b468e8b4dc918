#ifndef DYNOFA_DAEMON_HARDWARE_SYSFS_FREQUENCY_UNIT_H_
#define DYNOFA_DAEMON_HARDWARE_SYSFS_FREQUENCY_UNIT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dynofa::hardware::sysfs {

/// A whole number that is alone in `text`, white space aside; nullopt for anything else.
std::optional<std::int64_t> ParseWhole(std::string_view text);

/// How a kernel interface spells frequencies, which are kHz everywhere else here: cpufreq in kHz,
/// devfreq in Hz. A step of a devfreq table need not be a whole number of kHz; it is known here by
/// its kHz rounded down and written as it is. The kernel keeps a devfreq minimum rounded down to
/// kHz and a maximum rounded up (drivers/devfreq/devfreq.c), and all of them mean the step.
class FrequencyUnit {
 public:
  /// Of cpufreq.
  FrequencyUnit() = default;

  /// Of devfreq. `table` is the text of available_frequencies; what is not a number is left out.
  static FrequencyUnit Hertz(std::string_view table);

  /// kHz; nullopt if `text` is not a frequency.
  std::optional<std::int64_t> Parse(std::string_view text) const;

  /// The text to write, without a line's end.
  std::string Format(std::int64_t khz) const;

  /// Every text by which the kernel may show a frequency that was written by Format.
  std::vector<std::string> Spellings(std::int64_t khz) const;

  /// The steps of the table, ascending, kHz; none of cpufreq.
  std::vector<std::int64_t> Steps() const;

 private:
  std::int64_t Exact(std::int64_t khz) const;

  bool hertz_ = false;
  std::map<std::int64_t, std::int64_t> exact_;  // kHz rounded down -> Hz
};

}  // namespace dynofa::hardware::sysfs

#endif  // DYNOFA_DAEMON_HARDWARE_SYSFS_FREQUENCY_UNIT_H_
