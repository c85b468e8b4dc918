# The packages that the project stands on, each as one imported target that exactly one folder
# (or a few, as the layering table says) links.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(absl REQUIRED)
pkg_check_modules(TOMLPLUSPLUS REQUIRED IMPORTED_TARGET tomlplusplus)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(spdlog REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
if(NOT DYNOFA_BUILD STREQUAL "model")
  pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd)
endif()

if(DYNOFA_TESTS)
  find_package(Catch2 REQUIRED)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
endif()

if(DYNOFA_BUILD STREQUAL "all")
  find_package(Protobuf REQUIRED)
  pkg_check_modules(GRPCPP REQUIRED IMPORTED_TARGET grpc++)
  find_program(DYNOFA_GRPC_PLUGIN grpc_cpp_plugin REQUIRED)
  pkg_check_modules(SDBUSCPP REQUIRED IMPORTED_TARGET sdbus-c++)
  pkg_check_modules(FUSE3 REQUIRED IMPORTED_TARGET fuse3)
  find_package(OpenMP REQUIRED COMPONENTS CXX)

  # oneDNN's own package config insists on OpenCL, which nothing here uses.
  find_library(DNNL_LIBRARY dnnl REQUIRED)
  add_library(dynofa_onednn_package INTERFACE)
  target_link_libraries(dynofa_onednn_package INTERFACE ${DNNL_LIBRARY} OpenMP::OpenMP_CXX)
endif()

if(NOT DYNOFA_BUILD STREQUAL "core")
  pkg_check_modules(TURBOJPEG REQUIRED IMPORTED_TARGET libturbojpeg)
  pkg_check_modules(PNG REQUIRED IMPORTED_TARGET libpng)
  include(DynofaTorch)
endif()
