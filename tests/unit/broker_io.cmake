set(here ${CMAKE_CURRENT_LIST_DIR}/broker_io)
add_executable(nattevagt_broker_io_tests
  ${here}/admission_check_test.cpp ${here}/admission_test.cpp ${here}/journal_test.cpp ${here}/log_test.cpp)
target_link_libraries(nattevagt_broker_io_tests
  PRIVATE nattevagt_broker_io nattevagt_sqlcipher nattevagt_flags GTest::gtest_main)
gtest_discover_tests(nattevagt_broker_io_tests DISCOVERY_TIMEOUT 60)
