# Thirty MLS members and a hub that only orders, beside a naive twin. NATTEVAGT_MODEL_SEEDS=n for a longer run.
add_executable(nattevagt_mls_model ${CMAKE_CURRENT_LIST_DIR}/mls_model_test.cpp)
target_link_libraries(nattevagt_mls_model PRIVATE nattevagt_mls GTest::gtest_main)
nattevagt_model(nattevagt_mls_model 1)
