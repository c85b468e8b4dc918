#include "daemon/hardware/remote/protocol.h"

#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"

namespace dynofa::hardware::remote {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::pair<Op, std::string_view>, 4> kOps = {
    {{Op::kApply, "apply"}, {Op::kRead, "read"}, {Op::kRelease, "release"}, {Op::kLoad, "load"}}};
constexpr std::array kKinds = {policies::ClusterKind::kCpu, policies::ClusterKind::kGpu,
                               policies::ClusterKind::kNpu, policies::ClusterKind::kDla,
                               policies::ClusterKind::kFpga};

// Each struct lists its fields once, in Fields(archive, value); Writer and Reader below are the
// two archives.

template <typename Archive, typename Value>
void Fields(Archive& archive, Value& v) requires
    std::is_same_v<std::remove_const_t<Value>, policies::ClusterSetting> {
  archive("cluster", v.cluster);
  archive("governor", v.governor);
  archive("min_khz", v.min_khz);
  archive("max_khz", v.max_khz);
}

template <typename Archive, typename Value>
void Fields(Archive& archive,
            Value& v) requires std::is_same_v<std::remove_const_t<Value>, ClusterLoad> {
  archive("cluster", v.cluster);
  archive("busy", v.busy);
  archive("cpus", v.cpus);
}

template <typename Archive, typename Value>
void Fields(Archive& archive,
            Value& v) requires std::is_same_v<std::remove_const_t<Value>, SettingOutcome> {
  archive("cluster", v.cluster);
  archive("status", v.status);
  archive("requested", v.requested);
  archive("effective", v.effective);
  archive("limited_by", v.limited_by);
}

template <typename Archive, typename Value>
void Fields(Archive& archive,
            Value& v) requires std::is_same_v<std::remove_const_t<Value>, ClusterReading> {
  archive("cluster", v.cluster);
  archive("available", v.available);
  archive("governor", v.governor);
  archive("min_khz", v.min_khz);
  archive("max_khz", v.max_khz);
  archive("frequency_khz", v.frequency_khz);
  archive("static_power_w", v.static_power_w);
  archive("foreign_load", v.foreign_load);
  archive("limit_khz", v.limit_khz);
  archive("limited_by", v.limited_by);
  archive("left_to_others", v.left_to_others);
  archive("forgotten", v.forgotten);
}

template <typename Archive, typename Value>
void Fields(Archive& archive,
            Value& v) requires std::is_same_v<std::remove_const_t<Value>, ZoneReading> {
  archive("type", v.type);
  archive("cluster", v.cluster);
  archive("temperature_c", v.temperature_c);
}

template <typename Archive, typename Value>
void Fields(Archive& archive,
            Value& v) requires std::is_same_v<std::remove_const_t<Value>, RailReading> {
  archive("name", v.name);
  archive("power_w", v.power_w);
}

template <typename Archive, typename Value>
void Fields(Archive& archive,
            Value& v) requires std::is_same_v<std::remove_const_t<Value>, BoardReading> {
  archive("clusters", v.clusters);
  archive("zones", v.zones);
  archive("rails", v.rails);
  archive("other_actors", v.other_actors);
  archive("appeared", v.appeared);
  archive("board_power_w", v.board_power_w);
  archive("board_power_over_s", v.board_power_over_s);
  archive("memory_khz", v.memory_khz);
  archive("cpu_pressure", v.cpu_pressure);
}

template <typename Archive, typename Value>
void Fields(Archive& archive,
            Value& v) requires std::is_same_v<std::remove_const_t<Value>, policies::ClusterInfo> {
  archive("id", v.id);
  archive("kind", v.kind);
  archive("host_cpus", v.host_cpus);
  archive("cores", v.cores);
  archive("capacity", v.capacity);
  archive("driver", v.driver);
  archive("frequencies_khz", v.frequencies_khz);
  archive("continuous", v.continuous);
  archive("governors", v.governors);
  archive("writable", v.writable);
  archive("read_only_reason", v.read_only_reason);
}

template <typename Archive, typename Value>
void Fields(Archive& archive,
            Value& v) requires std::is_same_v<std::remove_const_t<Value>, policies::PowerMode> {
  archive("name", v.name);
  archive("description", v.description);
  archive("max_khz", v.max_khz);
  archive("max_share", v.max_share);
  archive("max_cores", v.max_cores);
  archive("max_power_w", v.max_power_w);
}

template <typename Archive, typename Value>
void Fields(Archive& archive, Value& v) requires std::is_same_v<std::remove_const_t<Value>, Trip> {
  archive("type", v.type);
  archive("temperature_c", v.temperature_c);
}

template <typename Archive, typename Value>
void Fields(Archive& archive,
            Value& v) requires std::is_same_v<std::remove_const_t<Value>, ZoneInfo> {
  archive("type", v.type);
  archive("trips", v.trips);
}

template <typename Archive, typename Value>
void Fields(Archive& archive,
            Value& v) requires std::is_same_v<std::remove_const_t<Value>, RailInfo> {
  archive("name", v.name);
  archive("source", v.source);
  archive("in_board_power", v.in_board_power);
}

template <typename Archive, typename Value>
void Fields(Archive& archive,
            Value& v) requires std::is_same_v<std::remove_const_t<Value>, Finding> {
  archive("kind", v.kind);
  archive("name", v.name);
  archive("source", v.source);
  archive("value", v.value);
}

template <typename Archive, typename Value>
void Fields(Archive& archive,
            Value& v) requires std::is_same_v<std::remove_const_t<Value>, BoardInfo> {
  archive("name", v.name);
  archive("emulated_model", v.emulated_model);
  archive("emulated_board", v.emulated_board);
  archive("clusters", v.clusters);
  archive("vendor_modes", v.vendor_modes);
  archive("zones", v.zones);
  archive("rails", v.rails);
  archive("findings", v.findings);
  archive("notes", v.notes);
}

class Writer {
 public:
  template <typename T>
  void operator()(const char* key, const T& value) {
    json_[key] = ToJson(value);
  }
  Json Take() { return std::move(json_); }

 private:
  template <typename T>
  static Json ToJson(const T& value) {
    if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string>) {
      return value;
    } else {
      Writer inner;
      Fields(inner, value);
      return inner.Take();
    }
  }
  template <typename T>
  static Json ToJson(const std::vector<T>& values) {
    Json list = Json::array();
    for (const T& value : values) list.push_back(ToJson(value));
    return list;
  }
  template <typename T>
  static Json ToJson(const std::map<std::string, T>& values) {
    Json object = Json::object();
    for (const auto& [key, value] : values) object[key] = ToJson(value);
    return object;
  }
  template <typename T>
  static Json ToJson(const std::optional<T>& value) {
    return value ? ToJson(*value) : Json();
  }
  static Json ToJson(const policies::ClusterKind& kind) {
    return std::string(policies::ClusterKindName(kind));
  }
  static Json ToJson(const absl::Status& status) {
    return {{"code", static_cast<int>(status.code())},
            {"text", std::string(base::FromAbsl(status.message()))}};
  }

  Json json_ = Json::object();
};

// Keeps the first error and ignores what follows it.
class Reader {
 public:
  explicit Reader(const Json& json) : json_(json) {
    if (!json.is_object()) Fail("the message", "must be an object");
  }

  const absl::Status& status() const { return status_; }

  template <typename T>
  void operator()(const char* key, T& value) {
    if (!status_.ok()) return;
    const auto found = json_.find(key);
    if (found == json_.end()) return Fail(key, "is missing");
    FromJson(key, *found, value);
  }

 private:
  void Fail(std::string_view key, std::string_view why) {
    if (status_.ok()) status_ = absl::InvalidArgumentError(base::StrCat(key, " ", why));
  }

  void FromJson(std::string_view key, const Json& json, std::string& value) {
    if (!json.is_string()) return Fail(key, "must be a string");
    value = json.get<std::string>();
    if (value.size() > kMaxText) Fail(key, "is too long");
  }
  void FromJson(std::string_view key, const Json& json, bool& value) {
    if (!json.is_boolean()) return Fail(key, "must be true or false");
    value = json.get<bool>();
  }
  void FromJson(std::string_view key, const Json& json, double& value) {
    if (!json.is_number()) return Fail(key, "must be a number");
    value = json.get<double>();
    if (!std::isfinite(value)) Fail(key, "must be finite");
  }
  template <typename T>
  requires std::is_integral_v<T>
  void FromJson(std::string_view key, const Json& json, T& value) {
    // The library keeps what fits into 64 bits as an integer and the rest as a double.
    const bool fits =
        json.is_number_unsigned()
            ? json.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<T>::max())
            : json.is_number_integer() &&
                  json.get<std::int64_t>() >=
                      static_cast<std::int64_t>(std::numeric_limits<T>::min());
    if (!fits) return Fail(key, "must be a whole number in range");
    value = json.get<T>();
  }
  void FromJson(std::string_view key, const Json& json, policies::ClusterKind& value) {
    for (policies::ClusterKind kind : kKinds) {
      if (json.is_string() && json.get<std::string>() == policies::ClusterKindName(kind)) {
        value = kind;
        return;
      }
    }
    Fail(key, "is not a kind of cluster");
  }
  void FromJson(std::string_view key, const Json& json, absl::Status& value) {
    Reader inner(json);
    int code = 0;
    std::string text;
    inner("code", code);
    inner("text", text);
    if (!inner.status().ok()) return Fail(key, base::FromAbsl(inner.status().message()));
    if (code < 0 || code > static_cast<int>(absl::StatusCode::kUnauthenticated)) {
      return Fail(key, "has an unknown code");
    }
    value = absl::Status(static_cast<absl::StatusCode>(code), text);
  }
  template <typename T>
  void FromJson(std::string_view key, const Json& json, std::optional<T>& value) {
    value.reset();
    if (!json.is_null()) FromJson(key, json, value.emplace());
  }
  template <typename T>
  void FromJson(std::string_view key, const Json& json, std::vector<T>& values) {
    if (!json.is_array()) return Fail(key, "must be a list");
    if (json.size() > kMaxList) return Fail(key, "is too long");
    values.assign(json.size(), T());
    for (std::size_t i = 0; i < values.size() && status_.ok(); ++i) {
      FromJson(base::StrCat(key, "[", i, "]"), json[i], values[i]);
    }
  }
  template <typename T>
  void FromJson(std::string_view key, const Json& json, std::map<std::string, T>& values) {
    if (!json.is_object()) return Fail(key, "must be an object");
    if (json.size() > kMaxList) return Fail(key, "is too long");
    values.clear();
    for (const auto& [name, value] : json.items()) FromJson(key, value, values[name]);
  }
  template <typename T>
  requires std::is_class_v<T>
  void FromJson(std::string_view key, const Json& json, T& value) {
    Reader inner(json);
    Fields(inner, value);
    if (!inner.status().ok())
      Fail(base::StrCat(key, ":"), base::FromAbsl(inner.status().message()));
  }

  const Json& json_;
  absl::Status status_;
};

std::string Dump(Writer& writer) {
  writer("v", kProtocolVersion);
  // Text from the kernel need not be UTF-8; the library would throw.
  return writer.Take().dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<Json> Parse(std::string_view message) {
  Json json = Json::parse(message, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return absl::InvalidArgumentError("the message is not JSON");
  Reader reader(json);
  std::int64_t version = 0;
  reader("v", version);
  DYNOFA_RETURN_IF_ERROR(reader.status());
  if (version != kProtocolVersion) {
    return absl::InvalidArgumentError(
        base::StrCat("the other end speaks protocol version ", version, ", this program version ",
                     kProtocolVersion,
                     ": install dynofad and dynofa-boardd of the same release and restart both"));
  }
  return json;
}

}  // namespace

std::string Encode(const Greeting& greeting) {
  Writer writer;
  writer("refused", greeting.refused);
  writer("info", greeting.info);
  return Dump(writer);
}

std::string Encode(const Request& request) {
  Writer writer;
  writer("id", request.id);
  for (const auto& [op, name] : kOps) {
    if (op == request.op) writer("op", std::string(name));
  }
  writer("settings", request.settings);
  writer("loads", request.loads);
  return Dump(writer);
}

std::string Encode(const Answer& answer) {
  Writer writer;
  writer("id", answer.id);
  writer("status", answer.status);
  writer("applied", answer.applied.outcomes);
  writer("reading", answer.reading);
  return Dump(writer);
}

absl::StatusOr<Greeting> DecodeGreeting(std::string_view message) {
  DYNOFA_ASSIGN_OR_RETURN(const Json json, Parse(message));
  Reader reader(json);
  Greeting greeting;
  reader("refused", greeting.refused);
  reader("info", greeting.info);
  DYNOFA_RETURN_IF_ERROR(reader.status());
  return greeting;
}

absl::StatusOr<Request> DecodeRequest(std::string_view message) {
  DYNOFA_ASSIGN_OR_RETURN(const Json json, Parse(message));
  Reader reader(json);
  Request request;
  std::string op;
  reader("id", request.id);
  reader("op", op);
  reader("settings", request.settings);
  reader("loads", request.loads);
  DYNOFA_RETURN_IF_ERROR(reader.status());
  for (const auto& [value, name] : kOps) {
    if (name != op) continue;
    request.op = value;
    return request;
  }
  return absl::InvalidArgumentError("op must be apply, read, release or load");
}

absl::StatusOr<Answer> DecodeAnswer(std::string_view message) {
  DYNOFA_ASSIGN_OR_RETURN(const Json json, Parse(message));
  Reader reader(json);
  Answer answer;
  reader("id", answer.id);
  reader("status", answer.status);
  reader("applied", answer.applied.outcomes);
  reader("reading", answer.reading);
  DYNOFA_RETURN_IF_ERROR(reader.status());
  return answer;
}

}  // namespace dynofa::hardware::remote
