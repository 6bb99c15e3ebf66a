set(here ${CMAKE_CURRENT_LIST_DIR})
nattevagt_program(nattevagt-bench-store
  SOURCES ${here}/store_bench.cpp
  DEPS nattevagt_client_store nattevagt_test_support)
