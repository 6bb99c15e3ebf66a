add_executable(nattevagt_wire_tests
  wire_audit_test.cpp wire_chain_test.cpp wire_codec_test.cpp wire_codec_content_test.cpp wire_codec_refusal_test.cpp
  wire_cpr_test.cpp wire_draw.cpp wire_duty_test.cpp wire_limits_test.cpp wire_link_test.cpp wire_receipt_test.cpp
  wire_rota_test.cpp)
target_link_libraries(nattevagt_wire_tests PRIVATE nattevagt_wire GTest::gtest_main)
target_compile_definitions(nattevagt_wire_tests PRIVATE NATTEVAGT_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
gtest_discover_tests(nattevagt_wire_tests DISCOVERY_MODE PRE_TEST PROPERTIES LABELS wire TIMEOUT 300)
