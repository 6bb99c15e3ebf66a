add_executable(nattevagt_mls_tests
  ${CMAKE_CURRENT_LIST_DIR}/mls_calls_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/mls_codec_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/mls_external_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/mls_group_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/mls_hostile_welcome_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/mls_insider_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/mls_messages_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/mls_proposals_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/mls_state_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/mls_successor_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/mls_validation_test.cpp)
target_link_libraries(nattevagt_mls_tests PRIVATE nattevagt_mls GTest::gtest_main)
# It searches the process's memory for secrets, of which AddressSanitizer keeps freed and spilled copies.
if(NOT NATTEVAGT_SANITIZE)
  target_sources(nattevagt_mls_tests PRIVATE ${CMAKE_CURRENT_LIST_DIR}/mls_deletion_test.cpp)
endif()
gtest_discover_tests(nattevagt_mls_tests DISCOVERY_MODE PRE_TEST TEST_FILTER -*DISABLED_* PROPERTIES LABELS mls TIMEOUT 300)
