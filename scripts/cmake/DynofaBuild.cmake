# How every target of the project is built: flags, sanitizers, linker, and the two functions with
# which the folders declare their library and their tests.

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(DYNOFA_CCACHE ccache)
if(DYNOFA_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${DYNOFA_CCACHE})
endif()
# Not with sanitizers: Debian 12's mold 1.10 now and then crashes on those programs.
find_program(DYNOFA_MOLD mold)
if(DYNOFA_MOLD AND NOT DYNOFA_SANITIZE)
  add_link_options(-fuse-ld=mold)
endif()

add_library(dynofa_flags INTERFACE)
target_include_directories(dynofa_flags INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
target_compile_options(dynofa_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow
  -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # False alarms on std::string concatenation (GCC bug 105651).
  target_compile_options(dynofa_flags INTERFACE -Wno-restrict)
endif()
target_compile_definitions(dynofa_flags INTERFACE DYNOFA_VERSION="${PROJECT_VERSION}")
if(DYNOFA_SANITIZE)
  add_compile_options(-fsanitize=${DYNOFA_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${DYNOFA_SANITIZE})
endif()

# dynofa_library(<folder> SOURCES <files> [DEPS <targets>] [PRIVATE_DEPS <targets>])
# The library of one folder: target dynofa_<folder>, alias dynofa::<folder>.
function(dynofa_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(dynofa_${name} STATIC ${ARG_SOURCES})
  add_library(dynofa::${name} ALIAS dynofa_${name})
  target_link_libraries(dynofa_${name} PUBLIC dynofa_flags ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
endfunction()

# dynofa_test(<name> SOURCES <files> [DEPS <targets>] [LABELS <labels>] [TIMEOUT <seconds>])
# One Catch2 program, run by ctest as one test.
function(dynofa_test name)
  if(NOT DYNOFA_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE dynofa_flags dynofa::test_main ${ARG_DEPS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()

# dynofa_program(<name> SOURCES <files> [DEPS <targets>]): a program in build/<preset>/bin.
function(dynofa_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE dynofa_flags ${ARG_DEPS})
endfunction()
