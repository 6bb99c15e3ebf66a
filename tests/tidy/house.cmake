find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME House.EveryArrowAndRuleHolds
  COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/house_lint.py ${CMAKE_SOURCE_DIR})
add_test(NAME House.LintCatchesPlantedBreaches
  COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/house_lint.py --canary)
add_test(NAME House.NamedRulesHaveTheirTests
  COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/rules_check.py ${CMAKE_SOURCE_DIR})
add_test(NAME House.RulesCheckCatchesPlantedBreaches
  COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/rules_check.py --canary)
set_tests_properties(House.EveryArrowAndRuleHolds House.LintCatchesPlantedBreaches House.NamedRulesHaveTheirTests
  House.RulesCheckCatchesPlantedBreaches PROPERTIES LABELS tidy)

add_test(NAME House.TheCompilerCacheKnowsHeadersByTheirBytes
  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/compiler_cache.sh ${CMAKE_SOURCE_DIR})
set_tests_properties(House.TheCompilerCacheKnowsHeadersByTheirBytes PROPERTIES LABELS tidy TIMEOUT 120)

# The dev preset is hardened as the release is, so that this runs every day and on what is installed.
if(NATTEVAGT_HARDENED)
  add_test(NAME Hardening.ProgramsArePieRelroBindNowFortified
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/hardening_check.sh ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})
  set_tests_properties(Hardening.ProgramsArePieRelroBindNowFortified PROPERTIES LABELS tidy)
endif()

add_test(NAME Deploy.BrokerUnitIsHardened
  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/unit_security.sh ${CMAKE_SOURCE_DIR}/deploy/systemd/nattevagt-broker.service)
set_tests_properties(Deploy.BrokerUnitIsHardened PROPERTIES LABELS tidy SKIP_RETURN_CODE 77)

add_test(NAME Deploy.TheInstalledTreeIsCompleteAndStarts
  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/installed_tree.sh ${CMAKE_COMMAND} ${CMAKE_BINARY_DIR})
set_tests_properties(Deploy.TheInstalledTreeIsCompleteAndStarts PROPERTIES LABELS system TIMEOUT 300)
