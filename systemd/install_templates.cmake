# Runs during `cmake --install`: fills the installed paths into the units and the configuration.
# Below the prefix /usr the configuration goes to /etc, else to etc below the prefix.

if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  set(CONFIG_DIR /etc/dynofa)
else()
  set(CONFIG_DIR ${CMAKE_INSTALL_PREFIX}/etc/dynofa)
endif()
set(SBIN_DIR ${CMAKE_INSTALL_PREFIX}/sbin)
set(DOC_DIR ${CMAKE_INSTALL_PREFIX}/share/doc/dynofa)

set(MODELS "")
foreach(name ${MODEL_NAMES})
  string(APPEND MODELS
    "[[model]]\npath = \"${CMAKE_INSTALL_PREFIX}/share/dynofa/models/${name}\"\n# backend = \"cpu\"\n")
endforeach()

foreach(unit dynofad.service dynofa-boardd.service dynofa-boardd.socket)
  configure_file(${SOURCE_DIR}/${unit}.in ${WORK_DIR}/${unit} @ONLY)
  file(INSTALL ${WORK_DIR}/${unit} DESTINATION ${CMAKE_INSTALL_PREFIX}/lib/systemd/system)
endforeach()

# An operator's configuration is left alone; the new default lies beside it.
configure_file(${SOURCE_DIR}/dynofad.toml.in ${WORK_DIR}/dynofad.toml @ONLY)
if(EXISTS $ENV{DESTDIR}${CONFIG_DIR}/dynofad.toml)
  file(INSTALL ${WORK_DIR}/dynofad.toml DESTINATION ${CONFIG_DIR} RENAME dynofad.toml.default)
else()
  file(INSTALL ${WORK_DIR}/dynofad.toml DESTINATION ${CONFIG_DIR})
endif()
