#include "daemon/serving/infer_request.h"

#include <cstring>
#include <string_view>
#include <utility>

#include "absl/strings/str_join.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/preprocess.h"
#include "daemon/serving/parameters.h"
#include "daemon/serving/text.h"

namespace dynofa::serving {
namespace {

using InputProto = inference::ModelInferRequest::InferInputTensor;
using OutputProto = inference::ModelInferRequest::InferRequestedOutputTensor;

constexpr std::string_view kLayouts =
    "send UINT8 [h,w,3] or [1,h,w,3], or FP32 [3,r,r] or [1,3,r,r]";

absl::Status Invalid(std::string text) { return absl::InvalidArgumentError(std::move(text)); }

std::string ShapeText(const InputProto& input) {
  return base::StrCat("[", absl::StrJoin(input.shape(), ","), "]");
}

absl::StatusOr<engine::DataType> TypeOf(const InputProto& input) {
  if (input.datatype() == "UINT8") return engine::DataType::kUint8;
  if (input.datatype() == "FP32") return engine::DataType::kFloat32;
  return Invalid(
      base::StrCat("datatype ", Quote(input.datatype()), " is not accepted; ", kLayouts));
}

/// The shape, if it is that of one image: that also bounds the product of its extents.
absl::StatusOr<std::vector<std::int64_t>> ShapeOf(const InputProto& input, engine::DataType type) {
  const int rank = input.shape_size();
  if (rank != 3 && rank != 4) {
    return Invalid(base::StrCat("an input of ", rank, " dimensions is not accepted; ", kLayouts));
  }
  const std::vector<std::int64_t> shape(input.shape().begin(), input.shape().end());
  if (rank == 4 && shape[0] != 1) {
    return Invalid(
        base::StrCat("a batch of ", shape[0], " is not accepted; send one image per request"));
  }
  const std::size_t first = static_cast<std::size_t>(rank) - 3;
  const bool channels_last = type == engine::DataType::kUint8;
  const std::size_t channels = channels_last ? first + 2 : first;
  for (std::size_t i = first; i < shape.size(); ++i) {
    const bool fits =
        i == channels ? shape[i] == 3 : shape[i] >= 1 && shape[i] <= engine::kMaxImageSide;
    if (!fits) {
      return Invalid(base::StrCat("shape ", ShapeText(input), " of ", input.datatype(),
                                  " is not accepted; ", kLayouts, ", sides 1 to ",
                                  engine::kMaxImageSide));
    }
  }
  return shape;
}

absl::Status WrongLength(const InputProto& input, std::size_t given, std::size_t wanted,
                         std::string_view unit) {
  return Invalid(base::StrCat("input ", Quote(input.name()), " of shape ", ShapeText(input),
                              " has ", given, " ", unit, "; its shape needs ", wanted));
}

absl::Status TakeUint8(const InputProto& input, std::span<std::byte> bytes) {
  const auto& values = input.contents().uint_contents();
  if (static_cast<std::size_t>(values.size()) != bytes.size()) {
    return WrongLength(input, static_cast<std::size_t>(values.size()), bytes.size(),
                       "uint_contents");
  }
  for (int i = 0; i < values.size(); ++i) {
    if (values[i] > 255)
      return Invalid(base::StrCat("uint_contents has ", values[i], " for UINT8"));
    bytes[static_cast<std::size_t>(i)] = static_cast<std::byte>(values[i]);
  }
  return absl::OkStatus();
}

absl::Status TakeFloat32(const InputProto& input, std::span<std::byte> bytes) {
  const auto& values = input.contents().fp32_contents();
  const std::size_t wanted = bytes.size() / sizeof(float);
  if (static_cast<std::size_t>(values.size()) != wanted) {
    return WrongLength(input, static_cast<std::size_t>(values.size()), wanted, "fp32_contents");
  }
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return absl::OkStatus();
}

int ContentsCount(const inference::InferTensorContents& contents) {
  return (contents.bool_contents_size() > 0) + (contents.int_contents_size() > 0) +
         (contents.int64_contents_size() > 0) + (contents.uint_contents_size() > 0) +
         (contents.uint64_contents_size() > 0) + (contents.fp32_contents_size() > 0) +
         (contents.fp64_contents_size() > 0) + (contents.bytes_contents_size() > 0);
}

std::size_t ElementsOf(const std::vector<std::int64_t>& shape) {
  std::size_t elements = 1;
  for (const std::int64_t extent : shape) elements *= static_cast<std::size_t>(extent);
  return elements;
}

absl::Status TakeContents(const inference::ModelInferRequest& request, const InputProto& input,
                          engine::Tensor* tensor) {
  const std::size_t size = ElementsOf(tensor->shape) * engine::ElementSize(tensor->type);
  const int contents = ContentsCount(input.contents());
  if (request.raw_input_contents_size() > 0) {
    if (contents > 0) return Invalid("raw_input_contents and typed contents must not be mixed");
    if (request.raw_input_contents_size() != 1) {
      return Invalid(base::StrCat("raw_input_contents has ", request.raw_input_contents_size(),
                                  " entries for one input"));
    }
    const std::string& raw = request.raw_input_contents(0);
    if (raw.size() != size) return WrongLength(input, raw.size(), size, "bytes");
    const auto* const first = reinterpret_cast<const std::byte*>(raw.data());
    tensor->bytes.assign(first, first + size);
    return absl::OkStatus();
  }
  if (contents != 1) {
    return Invalid(base::StrCat("input ", Quote(input.name()),
                                contents == 0 ? " has no contents; send raw_input_contents"
                                              : " has contents of more than one type"));
  }
  // Before the bytes are allocated, so that a large shape costs nothing.
  const bool uint8 = tensor->type == engine::DataType::kUint8;
  const int given =
      uint8 ? input.contents().uint_contents_size() : input.contents().fp32_contents_size();
  if (static_cast<std::size_t>(given) != ElementsOf(tensor->shape)) {
    return WrongLength(input, static_cast<std::size_t>(given), ElementsOf(tensor->shape),
                       uint8 ? "uint_contents" : "fp32_contents");
  }
  tensor->bytes.resize(size);
  return uint8 ? TakeUint8(input, tensor->bytes) : TakeFloat32(input, tensor->bytes);
}

absl::Status RefuseSharedMemory(const ParameterMap& parameters) {
  if (!parameters.contains("shared_memory_region")) return absl::OkStatus();
  return absl::UnimplementedError(
      "shared memory is not supported; send raw_input_contents and read raw_output_contents");
}

absl::StatusOr<engine::Tensor> ParseInput(const inference::ModelInferRequest& request,
                                          const engine::ModelInfo& model) {
  if (request.inputs_size() != 1) {
    return Invalid(base::StrCat("the request has ", request.inputs_size(), " inputs; model ",
                                Quote(model.name), " has one, '", model.input_name, "'"));
  }
  const InputProto& input = request.inputs(0);
  if (input.name() != model.input_name) {
    return Invalid(base::StrCat("model ", Quote(model.name), " has no input ", Quote(input.name()),
                                "; its input is '", model.input_name, "'"));
  }
  DYNOFA_RETURN_IF_ERROR(RefuseSharedMemory(input.parameters()));
  engine::Tensor tensor;
  tensor.name = input.name();
  DYNOFA_ASSIGN_OR_RETURN(tensor.type, TypeOf(input));
  DYNOFA_ASSIGN_OR_RETURN(tensor.shape, ShapeOf(input, tensor.type));
  DYNOFA_RETURN_IF_ERROR(TakeContents(request, input, &tensor));
  return tensor;
}

absl::Status CheckOutputs(const inference::ModelInferRequest& request,
                          const engine::ModelInfo& model) {
  if (request.outputs_size() > 1) {
    return Invalid(base::StrCat("the request asks for ", request.outputs_size(), " outputs; model ",
                                Quote(model.name), " has one, '", model.output_name, "'"));
  }
  for (const OutputProto& output : request.outputs()) {
    if (output.name() != model.output_name) {
      return Invalid(base::StrCat("model ", Quote(model.name), " has no output ",
                                  Quote(output.name()), "; its output is '", model.output_name,
                                  "'"));
    }
    DYNOFA_RETURN_IF_ERROR(RefuseSharedMemory(output.parameters()));
    DYNOFA_ASSIGN_OR_RETURN(const std::optional<double> classes,
                            NumberParameter(output.parameters(), "classification"));
    if (classes && *classes != 0.0) {
      return absl::UnimplementedError(
          "the classification extension is not supported; rank the logits on the client's side");
    }
  }
  return absl::OkStatus();
}

absl::Status RefuseSequences(const ParameterMap& parameters) {
  const auto sequence = parameters.find("sequence_id");
  if (sequence == parameters.end()) return absl::OkStatus();
  // Clients that use no sequence send 0 or nothing.
  if (sequence->second.int64_param() == 0 && sequence->second.uint64_param() == 0 &&
      sequence->second.string_param().empty()) {
    return absl::OkStatus();
  }
  return absl::UnimplementedError(
      "sequences are not supported; each request stands alone (leave out sequence_id)");
}

absl::Status ParseTarget(const ParameterMap& parameters, manager::InferenceRequest* parsed) {
  DYNOFA_ASSIGN_OR_RETURN(parsed->slo_ms, NumberParameter(parameters, "slo_ms"));
  if (parsed->slo_ms) DYNOFA_RETURN_IF_ERROR(CheckResponseTime("slo_ms", *parsed->slo_ms));
  DYNOFA_ASSIGN_OR_RETURN(parsed->min_accuracy, NumberParameter(parameters, "min_accuracy"));
  if (parsed->min_accuracy && !(*parsed->min_accuracy >= 0.0 && *parsed->min_accuracy <= 1.0)) {
    return Invalid(base::StrCat("min_accuracy is ", *parsed->min_accuracy,
                                "; it must be a fraction from 0 to 1 (0.7 means 70 %)"));
  }
  return absl::OkStatus();
}

absl::Status ParseTimeout(const ParameterMap& parameters, base::TimePoint now,
                          manager::InferenceRequest* parsed) {
  constexpr std::int64_t kLongestUs = kLongestMs * 1000;
  DYNOFA_ASSIGN_OR_RETURN(const std::optional<double> us, NumberParameter(parameters, "timeout"));
  if (!us || *us == 0.0) return absl::OkStatus();
  if (!(*us > 0.0 && *us <= static_cast<double>(kLongestUs))) {
    return Invalid(base::StrCat("timeout is ", *us,
                                "; it must be 0 (none) or microseconds, at most ", kLongestUs,
                                " (one day)"));
  }
  parsed->deadline = now + base::FromMs(*us / 1e3);
  return absl::OkStatus();
}

absl::Status ParseOverhead(const ParameterMap& parameters, manager::InferenceRequest* parsed) {
  constexpr double kMostMs = 1000.0;
  DYNOFA_ASSIGN_OR_RETURN(const std::optional<double> ms,
                          NumberParameter(parameters, "overhead_ms"));
  if (!ms) return absl::OkStatus();
  if (!(*ms >= 0.0 && *ms <= kMostMs)) {
    return Invalid(base::StrCat("overhead_ms is ", *ms, "; it must be from 0 to ", kMostMs));
  }
  parsed->overhead_ms = *ms;
  return absl::OkStatus();
}

absl::Status ParseSubnet(const ParameterMap& parameters, const engine::ModelInfo& model,
                         manager::InferenceRequest* parsed) {
  DYNOFA_ASSIGN_OR_RETURN(parsed->subnet, TextParameter(parameters, "subnet"));
  if (!parsed->subnet || model.Find(*parsed->subnet) != nullptr) return absl::OkStatus();
  std::vector<std::string> ids;
  for (const engine::SubnetInfo& info : model.catalogue) ids.push_back(info.id);
  return absl::NotFoundError(base::StrCat("model ", Quote(model.name), " has no subnet ",
                                          Quote(*parsed->subnet), "; it has ",
                                          absl::StrJoin(ids, ", ")));
}

}  // namespace

absl::StatusOr<const engine::ModelInfo*> FindModel(const std::vector<engine::ModelInfo>& models,
                                                   const std::string& name,
                                                   const std::string& version) {
  std::vector<std::string> names;
  for (const engine::ModelInfo& model : models) {
    names.push_back(model.name);
    if (model.name != name) continue;
    if (version.empty() || version == model.version) return &model;
    return absl::NotFoundError(base::StrCat("model ", Quote(name), " has version ", model.version,
                                            ", not ", Quote(version)));
  }
  return absl::NotFoundError(base::StrCat(
      "no model ", Quote(name), "; hosted: ", names.empty() ? "none" : absl::StrJoin(names, ", ")));
}

absl::StatusOr<manager::InferenceRequest> ParseInferRequest(
    const inference::ModelInferRequest& request, const std::vector<engine::ModelInfo>& models,
    base::TimePoint now) {
  DYNOFA_ASSIGN_OR_RETURN(const engine::ModelInfo* const model,
                          FindModel(models, request.model_name(), request.model_version()));
  manager::InferenceRequest parsed;
  parsed.model = model->name;
  const ParameterMap& parameters = request.parameters();
  DYNOFA_RETURN_IF_ERROR(RefuseSequences(parameters));
  DYNOFA_ASSIGN_OR_RETURN(const std::optional<std::string> session,
                          TextParameter(parameters, "session"));
  parsed.session = session.value_or("");
  DYNOFA_RETURN_IF_ERROR(ParseTarget(parameters, &parsed));
  DYNOFA_RETURN_IF_ERROR(ParseTimeout(parameters, now, &parsed));
  DYNOFA_RETURN_IF_ERROR(ParseOverhead(request.parameters(), &parsed));
  DYNOFA_RETURN_IF_ERROR(ParseSubnet(parameters, *model, &parsed));
  DYNOFA_RETURN_IF_ERROR(CheckOutputs(request, *model));
  DYNOFA_ASSIGN_OR_RETURN(parsed.input, ParseInput(request, *model));
  return parsed;
}

std::int64_t PayloadBytes(const inference::ModelInferRequest& request) {
  std::int64_t bytes = 0;
  for (const std::string& raw : request.raw_input_contents()) {
    bytes += static_cast<std::int64_t>(raw.size());
  }
  for (const InputProto& input : request.inputs()) {
    bytes += static_cast<std::int64_t>(input.contents().SpaceUsedLong());
  }
  return bytes;
}

}  // namespace dynofa::serving
