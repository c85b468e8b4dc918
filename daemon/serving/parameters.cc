#include "daemon/serving/parameters.h"

#include <charconv>
#include <cmath>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/serving/text.h"

namespace dynofa::serving {
namespace {

absl::Status NotANumber(const std::string& name, std::string_view given) {
  return absl::InvalidArgumentError(
      base::StrCat("parameter '", name, "' must be a finite number, not ", given));
}

absl::StatusOr<double> FromText(const std::string& name, const std::string& text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return NotANumber(name, Quote(text));
  }
  return value;
}

absl::StatusOr<double> ToNumber(const std::string& name,
                                const inference::InferParameter& parameter) {
  switch (parameter.parameter_choice_case()) {
    case inference::InferParameter::kInt64Param:
      return static_cast<double>(parameter.int64_param());
    case inference::InferParameter::kUint64Param:
      return static_cast<double>(parameter.uint64_param());
    case inference::InferParameter::kDoubleParam:
      return parameter.double_param();
    case inference::InferParameter::kStringParam:
      return FromText(name, parameter.string_param());
    case inference::InferParameter::kBoolParam:
      return NotANumber(name, "a bool");
    case inference::InferParameter::PARAMETER_CHOICE_NOT_SET:
      return NotANumber(name, "empty");
  }
  return NotANumber(name, "of an unknown type");
}

}  // namespace

absl::StatusOr<std::optional<double>> NumberParameter(const ParameterMap& parameters,
                                                      const std::string& name) {
  const auto found = parameters.find(name);
  if (found == parameters.end()) return std::nullopt;
  DYNOFA_ASSIGN_OR_RETURN(const double value, ToNumber(name, found->second));
  if (!std::isfinite(value)) return NotANumber(name, "infinite or NaN");
  return value;
}

absl::Status CheckResponseTime(std::string_view name, double ms) {
  if (ms > 0.0 && ms <= static_cast<double>(kLongestMs)) return absl::OkStatus();
  return absl::InvalidArgumentError(base::StrCat(
      name, " is ", ms, "; it must be above 0 and at most ", kLongestMs, " (one day)"));
}

absl::StatusOr<std::optional<std::string>> TextParameter(const ParameterMap& parameters,
                                                         const std::string& name) {
  const auto found = parameters.find(name);
  if (found == parameters.end()) return std::nullopt;
  if (found->second.parameter_choice_case() != inference::InferParameter::kStringParam) {
    return absl::InvalidArgumentError(base::StrCat("parameter '", name, "' must be a string"));
  }
  return found->second.string_param();
}

}  // namespace dynofa::serving
