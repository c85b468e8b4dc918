#ifndef DYNOFA_DAEMON_BASE_LOG_H_
#define DYNOFA_DAEMON_BASE_LOG_H_

#include <string_view>

#include "daemon/base/strings.h"

namespace dynofa::base {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

/// Sets the lowest level that is written. Thread-safe.
void SetLogLevel(LogLevel level);

/// False if `name` is not "debug", "info", "warning" or "error".
bool SetLogLevelByName(std::string_view name);

/// Writes one line to standard error; under systemd with the journal's priority prefix, so that
/// `journalctl -p` works. Control characters in `message` are escaped. Thread-safe.
void WriteLog(LogLevel level, std::string_view message);

template <typename... Parts>
void LogInfo(const Parts&... parts) {
  WriteLog(LogLevel::kInfo, StrCat(parts...));
}
template <typename... Parts>
void LogWarning(const Parts&... parts) {
  WriteLog(LogLevel::kWarning, StrCat(parts...));
}
template <typename... Parts>
void LogError(const Parts&... parts) {
  WriteLog(LogLevel::kError, StrCat(parts...));
}
template <typename... Parts>
void LogDebug(const Parts&... parts) {
  WriteLog(LogLevel::kDebug, StrCat(parts...));
}

}  // namespace dynofa::base

#endif  // DYNOFA_DAEMON_BASE_LOG_H_
