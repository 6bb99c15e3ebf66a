# NATTEVAGT_MODEL_SEEDS=n for a longer run. One play under the sanitizers, which make it ten times as long.
add_executable(nattevagt_mls_model ${CMAKE_CURRENT_LIST_DIR}/mls_model_test.cpp)
target_link_libraries(nattevagt_mls_model PRIVATE nattevagt_mls GTest::gtest_main)
set(mls_model_environment)
if(NATTEVAGT_SANITIZE)
  set(mls_model_environment ENVIRONMENT NATTEVAGT_MODEL_SEEDS=1)
endif()
gtest_discover_tests(nattevagt_mls_model DISCOVERY_MODE PRE_TEST
  PROPERTIES LABELS mls TIMEOUT 300 ${mls_model_environment})
