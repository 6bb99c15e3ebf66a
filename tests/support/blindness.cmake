add_library(nattevagt_blindness STATIC blindness.cpp)
    target_link_libraries(nattevagt_blindness PUBLIC nattevagt_test_support nattevagt_broker_app
                              nattevagt_broker_io nattevagt_broker_core nattevagt_wire)

add_library(nattevagt_curve_tap SHARED curve_tap.c)
set_target_properties(nattevagt_curve_tap PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})
target_link_libraries(nattevagt_curve_tap PRIVATE ${CMAKE_DL_LIBS})
