# The hub as a real process, driven by raw devices.
add_executable(nattevagt_hub_system_tests admission_test.cpp alert_safety_test.cpp backup_test.cpp
  burst_test.cpp disk_test.cpp kill9_test.cpp retention_test.cpp)
target_link_libraries(nattevagt_hub_system_tests PRIVATE nattevagt_hub_world nattevagt_broker_app GTest::gtest_main)
add_dependencies(nattevagt_hub_system_tests nattevagt-broker nattevagt_faulty_disk nattevagt_shifted_clock)
gtest_discover_tests(nattevagt_hub_system_tests DISCOVERY_MODE PRE_TEST PROPERTIES LABELS system COST 100 TIMEOUT 600)
