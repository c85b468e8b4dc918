#ifndef DYNOFA_DAEMON_HARDWARE_JOURNAL_JOURNAL_H_
#define DYNOFA_DAEMON_HARDWARE_JOURNAL_JOURNAL_H_

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace dynofa::hardware::journal {

/// What must be known of one knob to put it back: how it was found, and which values our own
/// writes explain.
struct KnobRecord {
  /// The device by content, not by index ("cpufreq 0 1": the policy of CPUs 0 and 1).
  std::string device;
  /// The attribute's name. Names are checked by the device's owner; they are never paths.
  std::string knob;
  /// Byte for byte as read before the first write.
  std::string baseline;
  /// Values that were written, are about to be written, or were read back after settling.
  std::vector<std::string> ours;

  friend bool operator==(const KnobRecord&, const KnobRecord&) = default;
};

/// The first record of a knob, or nullptr.
KnobRecord* FindRecord(std::vector<KnobRecord>& records, std::string_view knob);

/// Adds a value to those that our own writes explain.
void AddOwn(KnobRecord& record, std::string_view value);

/// All knobs that have been touched and not yet put back, in one boot of the machine.
struct Contents {
  std::string boot_id;
  std::vector<KnobRecord> knobs;

  friend bool operator==(const Contents&, const Contents&) = default;
};

/// Contents as JSON and back. Decode: INVALID_ARGUMENT for anything that Encode does not make.
std::string Encode(const Contents& contents);
absl::StatusOr<Contents> Decode(std::string_view text);

/// Where a journal is kept.
class Store {
 public:
  virtual ~Store() = default;

  /// The stored text, or nullopt if there is none.
  virtual absl::StatusOr<std::optional<std::string>> Load() = 0;

  /// Replaces the text: after OK the new one survives the death of the process and, where the
  /// folder is on a disk, of the machine; after an error either the old or the new one is there.
  virtual absl::Status Save(std::string_view text) = 0;

  virtual absl::Status Remove() = 0;

  /// Keeps a text that cannot be read for people to look at, out of the way. Returns its place.
  virtual std::string MoveAside() = 0;
};

/// The journal of a running process: a copy in memory of what is stored. Every change is stored
/// before the call returns. Thread-safe.
class Journal {
 public:
  /// Takes over what the store holds of this boot: knobs that a process left behind when it was
  /// killed. A journal of another boot is dropped, since a reboot has put everything back; one
  /// that cannot be read is moved aside and logged as an error. `store` must outlive the journal.
  Journal(Store& store, std::string boot_id);

  /// The records of a device.
  std::vector<KnobRecord> Find(std::string_view device) const;

  /// The devices that have records.
  std::vector<std::string> Devices() const;

  /// Replaces all records of a device and stores. On an error the old records stay in force.
  absl::Status Replace(std::string_view device, std::vector<KnobRecord> records);

  /// Replaces all records of a device in memory, for changes that belong together. They count only
  /// once StoreStaged has stored them.
  void Stage(std::string_view device, std::vector<KnobRecord> records);

  /// Stores what has been staged, by whomever. On an error it stays staged.
  absl::Status StoreStaged();

 private:
  void StageLocked(std::string_view device, std::vector<KnobRecord> records);
  absl::Status StoreLocked();

  Store& store_;
  mutable std::mutex mutex_;
  Contents contents_;
  bool staged_ = false;
};

}  // namespace dynofa::hardware::journal

#endif  // DYNOFA_DAEMON_HARDWARE_JOURNAL_JOURNAL_H_
