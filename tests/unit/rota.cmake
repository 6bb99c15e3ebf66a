add_executable(nattevagt_rota_tests reserve_plan_test.cpp rota_calendar_test.cpp rota_test.cpp)
target_link_libraries(nattevagt_rota_tests PRIVATE nattevagt_flags nattevagt_rota nattevagt_common GTest::gtest_main)
# The sweeps of decades, minute by minute and hour by hour, are the dev build's: far too long under the sanitizers.
if(NATTEVAGT_SANITIZE)
  set(rota_tests -RotaTest.NoMinuteOfThirtyYears*:RotaTest.EveryStretchOfThirtyYears*:Copenhagen.*SixtyYears:Copenhagen.LocalTimesThatGoOn*)
else()
  set(rota_tests *)
endif()
gtest_discover_tests(nattevagt_rota_tests DISCOVERY_MODE PRE_TEST TEST_FILTER ${rota_tests} PROPERTIES LABELS rota TIMEOUT 300)
