# Several clients with their stores and the hub's core, beside a naive twin. NATTEVAGT_MODEL_SEEDS=n for a longer run.
add_executable(nattevagt_client_model ${CMAKE_CURRENT_LIST_DIR}/client_model_test.cpp)
target_link_libraries(nattevagt_client_model PRIVATE nattevagt_memory_world GTest::gtest_main)
nattevagt_model(nattevagt_client_model 1)
