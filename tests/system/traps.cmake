set(here ${CMAKE_CURRENT_LIST_DIR})
add_executable(nattevagt_trap_tests ${here}/traps_test.cpp ${here}/hostile_peers_test.cpp ${here}/raw_zmtp.cpp)
target_link_libraries(nattevagt_trap_tests
  PRIVATE nattevagt_broker_app nattevagt_hub_world PkgConfig::sodium GTest::gtest_main)
add_dependencies(nattevagt_trap_tests nattevagt-broker)
gtest_discover_tests(nattevagt_trap_tests DISCOVERY_MODE PRE_TEST PROPERTIES LABELS system COST 100 TIMEOUT 300)
