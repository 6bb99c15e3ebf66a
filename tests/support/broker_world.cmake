# The hub's core in memory, for the unit tests and the model test.
add_library(nattevagt_broker_world STATIC ${PROJECT_SOURCE_DIR}/tests/unit/broker_world.cpp)
target_link_libraries(nattevagt_broker_world PUBLIC nattevagt_broker_core GTest::gtest)
target_precompile_headers(nattevagt_broker_world REUSE_FROM nattevagt_wire)
