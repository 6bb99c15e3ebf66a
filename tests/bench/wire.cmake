find_package(benchmark REQUIRED)
add_executable(nattevagt_wire_bench
  ${CMAKE_CURRENT_LIST_DIR}/wire_bench.cpp ${PROJECT_SOURCE_DIR}/tests/unit/wire_draw.cpp)
target_link_libraries(nattevagt_wire_bench PRIVATE nattevagt_wire benchmark::benchmark_main)
