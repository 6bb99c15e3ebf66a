if(NOT TARGET nattevagt_broker_app)
  return()
endif()
set(here ${CMAKE_CURRENT_LIST_DIR})
nattevagt_program(nattevagt-bench-broker
  SOURCES ${here}/broker_bench.cpp ${here}/broker/hub_server.cpp ${here}/broker/load.cpp
          ${here}/broker/prototype_server.cpp ${PROJECT_SOURCE_DIR}/tests/system/raw_zmtp.cpp
  DEPS nattevagt_broker_app nattevagt_sqlcipher PkgConfig::sodium)
