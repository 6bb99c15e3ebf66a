add_executable(nattevagt_mls_model ${CMAKE_CURRENT_LIST_DIR}/mls_model_test.cpp)
target_link_libraries(nattevagt_mls_model PRIVATE nattevagt_mls GTest::gtest_main)
gtest_discover_tests(nattevagt_mls_model DISCOVERY_MODE PRE_TEST PROPERTIES LABELS mls TIMEOUT 300)
