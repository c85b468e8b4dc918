#include "daemon/engine/torch/training_checkpoint.h"

#include <c10/core/GradMode.h>

#include <charconv>
#include <map>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/safetensors.h"

namespace dynofa::engine::torch_backend {
namespace {

constexpr std::string_view kWeightPrefix = "weight/";
constexpr std::string_view kMomentumPrefix = "momentum/";
constexpr std::string_view kTeacherPrefix = "teacher/";
constexpr char kPhaseKey[] = "phase";
constexpr char kEpochKey[] = "epoch";
constexpr char kStepKey[] = "step";
constexpr char kOptionsKey[] = "options";

std::string List(const std::vector<int>& values) {
  std::string text = "[";
  for (int value : values) text += base::StrCat(text.size() > 1 ? "," : "", value);
  return text + "]";
}

// Tensors on the CPU, kept for as long as views of them are in use.
class CpuTensors {
 public:
  void Add(std::string_view prefix, const NamedTensors& tensors) {
    for (const auto& [key, tensor] : tensors) {
      kept_.push_back(tensor.detach().cpu().contiguous());
      const at::Tensor& copy = kept_.back();
      views_.push_back({base::StrCat(prefix, key), SafetensorsType::kF32, copy.sizes().vec(),
                        std::as_bytes(std::span(copy.data_ptr<float>(),
                                                static_cast<std::size_t>(copy.numel())))});
    }
  }
  const std::vector<SafetensorsTensor>& views() const { return views_; }

 private:
  std::vector<at::Tensor> kept_;
  std::vector<SafetensorsTensor> views_;
};

absl::Status CopyInto(const SafetensorsFile& file, std::string_view prefix,
                      const NamedTensors& tensors) {
  const c10::AutoGradMode no_gradients(false);
  for (const auto& [key, tensor] : tensors) {
    DYNOFA_ASSIGN_OR_RETURN(
        const std::span<const float> values,
        file.Floats(base::StrCat(prefix, key), std::span(tensor.sizes().data(), tensor.dim())));
    at::Tensor target = tensor;
    // from_blob cannot take constant memory; copy_ only reads it.
    target.copy_(at::from_blob(const_cast<float*>(values.data()), tensor.sizes(), at::kFloat));
  }
  return absl::OkStatus();
}

absl::StatusOr<int> Number(const SafetensorsFile& file, const char* key, int limit) {
  const auto found = file.metadata().find(key);
  int value = -1;
  if (found != file.metadata().end()) {
    const std::string& text = found->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) value = -1;
  }
  if (value >= 0 && value <= limit) return value;
  return absl::InvalidArgumentError(
      base::StrCat(file.name(), ": is not a checkpoint (no valid \"", key, "\")"));
}

absl::StatusOr<TrainingPosition> Position(const SafetensorsFile& file,
                                          const std::vector<TrainingPhase>& phases) {
  TrainingPosition position;
  DYNOFA_ASSIGN_OR_RETURN(position.phase, Number(file, kPhaseKey, static_cast<int>(phases.size())));
  const bool done = position.phase == static_cast<int>(phases.size());
  const int last_epoch = done ? 0 : phases[static_cast<std::size_t>(position.phase)].epochs - 1;
  DYNOFA_ASSIGN_OR_RETURN(position.epoch, Number(file, kEpochKey, last_epoch));
  DYNOFA_ASSIGN_OR_RETURN(position.step, Number(file, kStepKey, done ? 0 : 1'000'000'000));
  return position;
}

// Is `text` `beginning`, or that and more phases?
bool Begins(std::string_view text, std::string_view beginning) {
  return text.starts_with(beginning) &&
         (text.size() == beginning.size() || text[beginning.size()] == ';');
}

NamedTensors LikeThese(const NamedTensors& tensors) {
  NamedTensors copies;
  for (const auto& [key, tensor] : tensors) copies[key] = at::empty_like(tensor.detach());
  return copies;
}

}  // namespace

std::string OptionsText(const TrainingOptions& options, const std::string& start) {
  const ofa::Architecture& a = options.architecture;
  std::string text = base::StrCat(
      "classes ", a.classes, " stem ", a.stem_width, "/", a.stem_stride, " first ",
      a.first_block_width, " final ", a.final_expand_width, " last ", a.last_width, " width ",
      a.width_mult, " kernels ", List(a.kernels), " expands ", List(a.expands), " depths ",
      List(a.depths), " resolutions ", List(options.resolutions), " batch ", options.batch,
      " momentum ", options.momentum, " decay ", options.weight_decay, " smoothing ",
      options.label_smoothing, " distillation ", options.distillation, " padding ",
      options.crop_padding, " seed ", options.seed);
  if (!start.empty()) text += base::StrCat(" from ", start);
  for (const ofa::StageSpec& stage : a.stages) {
    text += base::StrCat("; stage ", stage.width, "/", stage.stride, " x", stage.max_depth, " ",
                         stage.activation == ofa::Activation::kRelu ? "relu" : "h_swish",
                         stage.squeeze_excite ? " se" : "");
  }
  for (const TrainingPhase& phase : options.phases) {
    text += base::StrCat("; ", phase.name, " ", List(phase.kernels), List(phase.expands),
                         List(phase.depths), List(phase.sort_within), " epochs ", phase.epochs,
                         " rate ", phase.learning_rate, " warm-up ", phase.warmup_epochs,
                         " subnets ", phase.subnets_per_step, phase.distil ? " distil" : "",
                         " largest ", phase.largest_share);
  }
  return text;
}

absl::Status WriteCheckpoint(const std::string& path, const TrainingState& state,
                             const std::string& options) {
  CpuTensors tensors;
  tensors.Add(kWeightPrefix, state.weights);
  tensors.Add(kMomentumPrefix, state.momentum);
  tensors.Add(kTeacherPrefix, state.teacher);
  return WriteSafetensors(path, tensors.views(),
                          {{kPhaseKey, std::to_string(state.position.phase)},
                           {kEpochKey, std::to_string(state.position.epoch)},
                           {kStepKey, std::to_string(state.position.step)},
                           {kOptionsKey, options}});
}

absl::Status WriteWeights(const std::string& path, const NamedTensors& weights) {
  CpuTensors tensors;
  tensors.Add("", weights);
  return WriteSafetensors(path, tensors.views());
}

absl::Status ReadCheckpoint(const std::string& path, const std::string& options,
                            const std::vector<TrainingPhase>& phases, TrainingState& state) {
  DYNOFA_ASSIGN_OR_RETURN(const SafetensorsFile file, SafetensorsFile::Read(path));
  const auto saved = file.metadata().find(kOptionsKey);
  if (saved == file.metadata().end()) {
    return absl::InvalidArgumentError(base::StrCat(path, ": is not a checkpoint"));
  }
  // Phases come last in the text: a run that was given more of them at the end goes on, and one may
  // end before phases that have not begun, which the position tells.
  if (!Begins(options, saved->second) && !Begins(saved->second, options)) {
    return absl::FailedPreconditionError(base::StrCat(
        path, ": belongs to a run with other options; give those, or another output.\n  there: ",
        saved->second, "\n  here:  ", options));
  }
  DYNOFA_ASSIGN_OR_RETURN(const TrainingPosition position, Position(file, phases));
  DYNOFA_RETURN_IF_ERROR(CopyInto(file, kWeightPrefix, state.weights));
  DYNOFA_RETURN_IF_ERROR(CopyInto(file, kMomentumPrefix, state.momentum));
  if (file.Find(base::StrCat(kTeacherPrefix, state.weights.begin()->first)) != nullptr) {
    state.teacher = LikeThese(state.weights);
    DYNOFA_RETURN_IF_ERROR(CopyInto(file, kTeacherPrefix, state.teacher));
  }
  state.position = position;
  return absl::OkStatus();
}

}  // namespace dynofa::engine::torch_backend
