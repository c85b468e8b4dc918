# The packages that the project stands on, each as one imported target that exactly one folder
# (or a few, as the layering table says) links.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(absl REQUIRED)
pkg_check_modules(TOMLPLUSPLUS REQUIRED IMPORTED_TARGET tomlplusplus)
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(spdlog REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)

if(DYNOFA_TESTS)
  find_package(Catch2 REQUIRED)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
endif()

if(DYNOFA_BUILD STREQUAL "all")
  find_package(Protobuf REQUIRED)
  pkg_check_modules(GRPCPP REQUIRED IMPORTED_TARGET grpc++)
  find_program(DYNOFA_GRPC_PLUGIN grpc_cpp_plugin REQUIRED)
  pkg_check_modules(SDBUSCPP REQUIRED IMPORTED_TARGET sdbus-c++)
  pkg_check_modules(TURBOJPEG REQUIRED IMPORTED_TARGET libturbojpeg)
  pkg_check_modules(PNG REQUIRED IMPORTED_TARGET libpng)
  find_package(OpenMP REQUIRED COMPONENTS CXX)

  # oneDNN's own package config insists on OpenCL, which nothing here uses.
  find_library(DNNL_LIBRARY dnnl REQUIRED)
  add_library(dynofa_onednn_package INTERFACE)
  target_link_libraries(dynofa_onednn_package INTERFACE ${DNNL_LIBRARY} OpenMP::OpenMP_CXX)

  # libtorch: Debian's package config pulls in CUDA and Caffe2 probing, so the libraries are named
  # here. DYNOFA_TORCH_ROOT points at another libtorch (a wheel's torch/ folder, say).
  set(DYNOFA_TORCH_ROOT "" CACHE PATH "Root of a libtorch other than the system's")
  find_library(TORCH_LIBRARY torch HINTS ${DYNOFA_TORCH_ROOT}/lib REQUIRED)
  find_library(TORCH_CPU_LIBRARY torch_cpu HINTS ${DYNOFA_TORCH_ROOT}/lib REQUIRED)
  find_library(C10_LIBRARY c10 HINTS ${DYNOFA_TORCH_ROOT}/lib REQUIRED)
  find_path(TORCH_INCLUDE torch/csrc/api/include/torch/torch.h
    HINTS ${DYNOFA_TORCH_ROOT}/include REQUIRED)
  add_library(dynofa_torch_package INTERFACE)
  target_include_directories(dynofa_torch_package SYSTEM INTERFACE
    ${TORCH_INCLUDE} ${TORCH_INCLUDE}/torch/csrc/api/include)
  target_link_libraries(dynofa_torch_package INTERFACE
    ${TORCH_LIBRARY} ${TORCH_CPU_LIBRARY} ${C10_LIBRARY} OpenMP::OpenMP_CXX)
endif()
