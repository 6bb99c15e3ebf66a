add_executable(nattevagt_mls_tests
  ${CMAKE_CURRENT_LIST_DIR}/mls_codec_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/mls_deletion_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/mls_external_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/mls_group_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/mls_messages_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/mls_proposals_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/mls_state_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/mls_successor_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/mls_validation_test.cpp)
target_link_libraries(nattevagt_mls_tests PRIVATE nattevagt_mls GTest::gtest_main)
gtest_discover_tests(nattevagt_mls_tests DISCOVERY_MODE PRE_TEST PROPERTIES LABELS mls TIMEOUT 300)
