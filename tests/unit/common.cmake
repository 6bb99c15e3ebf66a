add_executable(nattevagt_common_tests
  common_bytes_test.cpp common_clock_test.cpp common_crypto_test.cpp common_ids_test.cpp
  common_secret_test.cpp)
target_link_libraries(nattevagt_common_tests PRIVATE nattevagt_common GTest::gtest_main)
gtest_discover_tests(nattevagt_common_tests DISCOVERY_MODE PRE_TEST PROPERTIES LABELS common TIMEOUT 300)
