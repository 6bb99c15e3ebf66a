# The hub as a real process, driven by raw devices.
add_executable(nattevagt_hub_system_tests kill9_test.cpp disk_test.cpp admission_test.cpp backup_test.cpp)
target_link_libraries(nattevagt_hub_system_tests PRIVATE nattevagt_hub_world GTest::gtest_main)
add_dependencies(nattevagt_hub_system_tests nattevagt-broker nattevagt_faulty_disk)
gtest_discover_tests(nattevagt_hub_system_tests DISCOVERY_MODE PRE_TEST PROPERTIES LABELS system TIMEOUT 600)
