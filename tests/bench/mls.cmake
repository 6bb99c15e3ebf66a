find_package(benchmark REQUIRED)
set(here ${CMAKE_CURRENT_LIST_DIR})
nattevagt_program(nattevagt-bench-mls
  SOURCES ${here}/mls_bench.cpp
  DEPS nattevagt_mls benchmark::benchmark PkgConfig::sodium)
