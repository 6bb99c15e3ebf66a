if(NOT TARGET nattevagt_broker_app)
  return()
endif()
set(here ${CMAKE_CURRENT_LIST_DIR}/broker_app)
add_executable(nattevagt_broker_app_tests
  ${here}/committer_test.cpp ${here}/config_test.cpp ${here}/frame_builder_test.cpp ${here}/keys_test.cpp
  ${here}/life_signs_test.cpp ${here}/snapshot_maker_test.cpp)
target_link_libraries(nattevagt_broker_app_tests
  PRIVATE nattevagt_broker_app nattevagt_broker_world nattevagt_flags GTest::gtest_main)
gtest_discover_tests(nattevagt_broker_app_tests DISCOVERY_TIMEOUT 60)
