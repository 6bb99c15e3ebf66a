# The real command line with the real hub.
add_executable(nattevagt_cli_tests blindness_test.cpp cli_audit_test.cpp cli_rota_test.cpp cli_serve_test.cpp cli_suspension_test.cpp cli_test.cpp
  kill9_client_test.cpp cli_world.cpp)
target_link_libraries(nattevagt_cli_tests PRIVATE nattevagt_flags nattevagt_blindness
  nattevagt_recording_proxy nattevagt_client nattevagt_client_io fmt::fmt
  nlohmann_json::nlohmann_json GTest::gtest_main)
add_dependencies(nattevagt_cli_tests nattevagt nattevagt-broker nattevagt_curve_tap)
gtest_discover_tests(nattevagt_cli_tests DISCOVERY_MODE PRE_TEST PROPERTIES LABELS system COST 100 TIMEOUT 600)
