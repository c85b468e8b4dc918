# libtorch 1.13 or newer as the target dynofa_torch_package. Debian's package config pulls in CUDA
# and Caffe2 probing, and a wheel's asks for what its builder had, so the libraries are named here.

set(DYNOFA_TORCH_ROOT "" CACHE PATH
  "A libtorch other than the system's: the torch/ folder of a PyTorch wheel, or an unpacked libtorch")

# What was found belongs to one root.
set(found_variables TORCH_LIBRARY TORCH_CPU_LIBRARY C10_LIBRARY TORCH_CUDA_LIBRARY
  C10_CUDA_LIBRARY TORCH_INCLUDE DYNOFA_TORCH_LINKS)
if(NOT DYNOFA_TORCH_ROOT STREQUAL "${DYNOFA_TORCH_ROOT_SEEN}")
  foreach(variable ${found_variables})
    unset(${variable} CACHE)
  endforeach()
endif()
set(DYNOFA_TORCH_ROOT_SEEN "${DYNOFA_TORCH_ROOT}" CACHE INTERNAL "The root of what was found")

set(torch_lib_paths)
set(torch_include_paths)
if(DYNOFA_TORCH_ROOT)
  if(NOT DYNOFA_BUILD STREQUAL "model")
    message(FATAL_ERROR "DYNOFA_TORCH_ROOT needs -DDYNOFA_BUILD=model: a wheel's libtorch has an "
      "OpenMP and a oneDNN of its own, and a process must not have two of them")
  endif()
  if(NOT EXISTS ${DYNOFA_TORCH_ROOT}/lib/libtorch.so)
    message(FATAL_ERROR "DYNOFA_TORCH_ROOT: there is no ${DYNOFA_TORCH_ROOT}/lib/libtorch.so. "
      "`python3 -c 'import torch; print(torch.__path__[0])'` prints the root of a wheel")
  endif()
  # Nothing of the system's may be mixed in.
  set(torch_lib_paths PATHS ${DYNOFA_TORCH_ROOT}/lib NO_DEFAULT_PATH)
  set(torch_include_paths PATHS ${DYNOFA_TORCH_ROOT}/include NO_DEFAULT_PATH)
endif()
find_library(TORCH_LIBRARY torch ${torch_lib_paths} REQUIRED)
find_library(TORCH_CPU_LIBRARY torch_cpu ${torch_lib_paths} REQUIRED)
find_library(C10_LIBRARY c10 ${torch_lib_paths} REQUIRED)
find_path(TORCH_INCLUDE torch/csrc/api/include/torch/torch.h ${torch_include_paths} REQUIRED)
# A CPU-only libtorch lacks these two.
find_library(TORCH_CUDA_LIBRARY torch_cuda ${torch_lib_paths})
find_library(C10_CUDA_LIBRARY c10_cuda ${torch_lib_paths})

# No OpenMP of the compiler's: libtorch brings the one that the process has.
add_library(dynofa_torch_package INTERFACE IMPORTED)
target_include_directories(dynofa_torch_package INTERFACE
  ${TORCH_INCLUDE} ${TORCH_INCLUDE}/torch/csrc/api/include)
target_link_libraries(dynofa_torch_package INTERFACE
  ${TORCH_LIBRARY} ${TORCH_CPU_LIBRARY} ${C10_LIBRARY})
if(TORCH_CUDA_LIBRARY AND C10_CUDA_LIBRARY)
  # The CUDA backend registers itself when it is loaded; no symbol of it is named. Its own libraries
  # (cuDNN, cuBLAS) lie elsewhere in a wheel's environment, where the loader finds them.
  target_link_libraries(dynofa_torch_package INTERFACE
    "-Wl,--push-state,--no-as-needed,${TORCH_CUDA_LIBRARY},${C10_CUDA_LIBRARY},--pop-state"
    -Wl,--allow-shlib-undefined)
endif()
if(DYNOFA_TORCH_ROOT)
  set(CMAKE_INSTALL_RPATH ${DYNOFA_TORCH_ROOT}/lib)
endif()

set(torch_version "")
foreach(file torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
  if(NOT torch_version AND EXISTS ${TORCH_INCLUDE}/${file})
    file(STRINGS ${TORCH_INCLUDE}/${file} lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
    string(REGEX MATCHALL "[0-9]+" numbers "${lines}")
    list(JOIN numbers . torch_version)
  endif()
endforeach()
if(NOT torch_version OR torch_version VERSION_LESS 1.13)
  message(FATAL_ERROR "${TORCH_LIBRARY} is libtorch \"${torch_version}\"; 1.13 or newer is needed")
endif()

# Wheels before 2.7 were built with the older of libstdc++'s two layouts of std::string; nothing else
# here is, so a call that takes one does not link.
include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_LIBRARIES dynofa_torch_package)
check_cxx_source_compiles("
  #include <c10/util/Exception.h>
  #include <string>
  int main(int count, char**) {
    if (count > 9) c10::detail::torchCheckFail(\"\", \"\", 0u, std::string(\"text\"));
  }" DYNOFA_TORCH_LINKS)
unset(CMAKE_REQUIRED_LIBRARIES)
if(NOT DYNOFA_TORCH_LINKS)
  unset(DYNOFA_TORCH_LINKS CACHE)
  message(FATAL_ERROR "A program that uses ${C10_LIBRARY} (libtorch ${torch_version}) does not "
    "compile or link; CMakeFiles/CMakeError.log or CMakeConfigureLog.yaml says why. Wheels "
    "before PyTorch 2.7 do not fit: they use the old C++ ABI (_GLIBCXX_USE_CXX11_ABI=0)")
endif()
if(TORCH_CUDA_LIBRARY AND C10_CUDA_LIBRARY)
  set(torch_devices "CPU and CUDA")
else()
  set(torch_devices "CPU")
endif()
message(STATUS "libtorch ${torch_version} for ${torch_devices}: ${TORCH_LIBRARY}")
