#include "daemon/hardware/journal/journal.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/base/log.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"

namespace dynofa::hardware::journal {
namespace {

using Json = nlohmann::json;

constexpr int kFormat = 1;
constexpr std::size_t kMostKnobs = 16384;

bool GetText(const Json& json, const char* key, std::string& value) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_string()) return false;
  value = found->get<std::string>();
  return true;
}

absl::StatusOr<KnobRecord> DecodeKnob(const Json& json) {
  KnobRecord record;
  const bool complete = json.is_object() && GetText(json, "device", record.device) &&
                        GetText(json, "knob", record.knob) &&
                        GetText(json, "baseline", record.baseline) && json.contains("ours") &&
                        json["ours"].is_array();
  if (!complete) return absl::InvalidArgumentError("a knob's record is incomplete");
  for (const Json& value : json["ours"]) {
    if (!value.is_string()) return absl::InvalidArgumentError("a knob's value is not text");
    record.ours.push_back(value.get<std::string>());
  }
  return record;
}

}  // namespace

KnobRecord* FindRecord(std::vector<KnobRecord>& records, std::string_view knob) {
  for (KnobRecord& record : records) {
    if (record.knob == knob) return &record;
  }
  return nullptr;
}

void AddOwn(KnobRecord& record, std::string_view value) {
  if (std::find(record.ours.begin(), record.ours.end(), value) == record.ours.end()) {
    record.ours.emplace_back(value);
  }
}

std::string Encode(const Contents& contents) {
  Json knobs = Json::array();
  for (const KnobRecord& record : contents.knobs) {
    knobs.push_back({{"device", record.device},
                     {"knob", record.knob},
                     {"baseline", record.baseline},
                     {"ours", record.ours}});
  }
  const Json json = {{"format", kFormat}, {"boot_id", contents.boot_id}, {"knobs", knobs}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

absl::StatusOr<Contents> Decode(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return absl::InvalidArgumentError("not JSON");
  Contents contents;
  if (!json.is_object() || !json.contains("format") || json["format"] != kFormat) {
    return absl::InvalidArgumentError(base::StrCat("not a journal of format ", kFormat));
  }
  if (!GetText(json, "boot_id", contents.boot_id)) {
    return absl::InvalidArgumentError("boot_id is missing");
  }
  if (!json.contains("knobs") || !json["knobs"].is_array() || json["knobs"].size() > kMostKnobs) {
    return absl::InvalidArgumentError("knobs is not a list, or too long a one");
  }
  for (const Json& knob : json["knobs"]) {
    DYNOFA_ASSIGN_OR_RETURN(KnobRecord record, DecodeKnob(knob));
    contents.knobs.push_back(std::move(record));
  }
  return contents;
}

Journal::Journal(Store& store, std::string boot_id) : store_(store) {
  contents_.boot_id = std::move(boot_id);
  const absl::StatusOr<std::optional<std::string>> text = store_.Load();
  if (text.ok() && !text->has_value()) return;
  absl::StatusOr<Contents> stored = text.ok() ? Decode(**text) : text.status();
  if (!stored.ok()) {
    base::LogError("the journal of changed knobs cannot be read (",
                   base::FromAbsl(stored.status().message()), "); it is kept as ",
                   store_.MoveAside(), ", and knobs that it names are not put back");
    return;
  }
  if (stored->boot_id == contents_.boot_id) {
    contents_ = *std::move(stored);
    return;
  }
  base::LogInfo("dropped a journal of an earlier boot");
  const absl::Status removed = store_.Remove();
  if (!removed.ok()) base::LogWarning("journal: ", base::FromAbsl(removed.message()));
}

std::vector<KnobRecord> Journal::Find(std::string_view device) const {
  std::lock_guard lock(mutex_);
  std::vector<KnobRecord> records;
  for (const KnobRecord& record : contents_.knobs) {
    if (record.device == device) records.push_back(record);
  }
  return records;
}

std::vector<std::string> Journal::Devices() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> devices;
  for (const KnobRecord& record : contents_.knobs) {
    if (std::find(devices.begin(), devices.end(), record.device) == devices.end()) {
      devices.push_back(record.device);
    }
  }
  return devices;
}

absl::Status Journal::Replace(std::string_view device, std::vector<KnobRecord> records) {
  std::lock_guard lock(mutex_);
  std::vector<KnobRecord> before = contents_.knobs;
  const bool staged = staged_;
  StageLocked(device, std::move(records));
  absl::Status stored = StoreLocked();
  if (!stored.ok()) {
    contents_.knobs = std::move(before);
    staged_ = staged;
  }
  return stored;
}

void Journal::Stage(std::string_view device, std::vector<KnobRecord> records) {
  std::lock_guard lock(mutex_);
  StageLocked(device, std::move(records));
}

absl::Status Journal::StoreStaged() {
  std::lock_guard lock(mutex_);
  return staged_ ? StoreLocked() : absl::OkStatus();
}

void Journal::StageLocked(std::string_view device, std::vector<KnobRecord> records) {
  auto& knobs = contents_.knobs;
  std::erase_if(knobs, [&](const KnobRecord& record) { return record.device == device; });
  knobs.insert(knobs.end(), std::make_move_iterator(records.begin()),
               std::make_move_iterator(records.end()));
  staged_ = true;
}

absl::Status Journal::StoreLocked() {
  const absl::Status stored =
      contents_.knobs.empty() ? store_.Remove() : store_.Save(Encode(contents_));
  if (!stored.ok()) return base::Annotate(stored, "journal");
  staged_ = false;
  return absl::OkStatus();
}

}  // namespace dynofa::hardware::journal
