# The hub's core beside its naive twin. NATTEVAGT_MODEL_SEEDS=n for a longer run.
add_executable(nattevagt_broker_model_tests broker_model_test.cpp broker_twin.cpp)
target_link_libraries(nattevagt_broker_model_tests PRIVATE nattevagt_broker_world GTest::gtest_main)
nattevagt_model(nattevagt_broker_model_tests 40)
