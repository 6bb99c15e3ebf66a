if(NOT NATTEVAGT_SANITIZE)  # a program of the dev build, as its server is
  add_executable(nattevagt_agent_tests agent_desk_test.cpp agent_work_test.cpp)
  target_link_libraries(nattevagt_agent_tests PRIVATE nattevagt_flags nattevagt_agent_lib nattevagt_memory_world
    nattevagt_test_support nlohmann_json::nlohmann_json GTest::gtest_main)
  gtest_discover_tests(nattevagt_agent_tests)
endif()
