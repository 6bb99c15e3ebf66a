add_executable(nattevagt_broker_core_tests
  broker_alerts_test.cpp broker_audit_test.cpp broker_check_in_test.cpp broker_duty_change_test.cpp broker_duty_test.cpp broker_gap_test.cpp
  broker_hand_over_test.cpp broker_identity_test.cpp broker_ladder_test.cpp broker_record_test.cpp
  broker_sessions_test.cpp broker_severity_test.cpp broker_streams_test.cpp broker_suspension_test.cpp broker_timer_sweep_test.cpp
  wire_check_in_test.cpp wire_suspension_test.cpp)
target_link_libraries(nattevagt_broker_core_tests PRIVATE nattevagt_broker_world GTest::gtest_main)
# Thirty years are the dev build's: far too long under the sanitizers.
if(NATTEVAGT_SANITIZE)
  set(broker_tests -TimerSweep.*)
else()
  set(broker_tests *)
endif()
gtest_discover_tests(nattevagt_broker_core_tests DISCOVERY_MODE PRE_TEST TEST_FILTER ${broker_tests}
  PROPERTIES LABELS broker TIMEOUT 300)
