# libFuzzer for every decoder. Run one: bin/nattevagt_wire_client_frame_fuzz -max_total_time=60
foreach(name client_frame hub_frame inbox content identity link)
  add_executable(nattevagt_wire_${name}_fuzz
    ${CMAKE_CURRENT_LIST_DIR}/wire_${name}_fuzz.cpp ${PROJECT_SOURCE_DIR}/tests/unit/wire_draw.cpp)
  target_link_libraries(nattevagt_wire_${name}_fuzz PRIVATE nattevagt_wire)
  target_link_options(nattevagt_wire_${name}_fuzz PRIVATE -fsanitize=fuzzer)
endforeach()
