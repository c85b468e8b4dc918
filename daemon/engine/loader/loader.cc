#include "daemon/engine/loader/loader.h"

#include <span>
#include <string>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/ofa/model.h"
#include "daemon/engine/toml_file.h"
#ifdef DYNOFA_BACKEND_CPU
#include "daemon/engine/cpu/supernet.h"
#endif
#ifdef DYNOFA_BACKEND_TORCH
#include "daemon/engine/torch/supernet.h"
#endif

namespace dynofa::engine {
namespace {

struct Backend {
  std::string_view name;
  absl::StatusOr<std::shared_ptr<Supernet>> (*make)(std::shared_ptr<const ofa::OfaModel>);
};

// What runs a model of the OFA family, the fastest first. The empty row keeps the array legal.
constexpr Backend kBackends[] = {
#ifdef DYNOFA_BACKEND_CPU
    {"cpu", cpu::MakeSupernet},
#endif
#ifdef DYNOFA_BACKEND_TORCH
    {"torch", torch_backend::MakeSupernet},
#endif
    {"", nullptr},
};

std::span<const Backend> Backends() { return std::span(kBackends).first(std::size(kBackends) - 1); }

absl::StatusOr<std::shared_ptr<Supernet>> LoadOfa(const std::string& directory,
                                                  std::string_view backend) {
  DYNOFA_ASSIGN_OR_RETURN(std::shared_ptr<const ofa::OfaModel> model, ofa::LoadModel(directory));
  return MakeOfaSupernet(std::move(model), backend);
}

struct Family {
  std::string_view name;
  absl::StatusOr<std::shared_ptr<Supernet>> (*load)(const std::string& directory,
                                                    std::string_view backend);
};

constexpr Family kFamilies[] = {{ofa::kFamily, LoadOfa}};

std::string Join(const std::vector<std::string_view>& names) {
  std::string text;
  for (std::string_view name : names) text += base::StrCat(text.empty() ? "" : ", ", name);
  return text.empty() ? "none in this build" : text;
}

}  // namespace

std::vector<std::string_view> BackendNames() {
  std::vector<std::string_view> names;
  for (const Backend& backend : Backends()) names.push_back(backend.name);
  return names;
}

absl::StatusOr<std::shared_ptr<Supernet>> MakeOfaSupernet(
    std::shared_ptr<const ofa::OfaModel> model, std::string_view backend) {
  for (const Backend& row : Backends()) {
    if (row.name == backend) return row.make(std::move(model));
  }
  return absl::InvalidArgumentError(
      base::StrCat("there is no backend \"", backend, "\"; there are: ", Join(BackendNames())));
}

absl::StatusOr<std::shared_ptr<Supernet>> LoadSupernet(const std::string& directory,
                                                       std::string_view backend) {
  DYNOFA_ASSIGN_OR_RETURN(const base::TomlTable table, ReadTomlFile(directory + "/model.toml"));
  DYNOFA_ASSIGN_OR_RETURN(const std::string name, table.String("family"));
  std::vector<std::string_view> known;
  for (const Family& family : kFamilies) {
    if (family.name == name) return family.load(directory, backend);
    known.push_back(family.name);
  }
  return table.Error("family", base::StrCat("\"", name, "\" is not known; known: ", Join(known)));
}

}  // namespace dynofa::engine
