# How our own code is compiled: warnings are errors, and a folder is one static library.

add_library(nattevagt_flags INTERFACE)
target_include_directories(nattevagt_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(nattevagt_flags INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough -Wswitch -Wundef)

# Several sources compiled as one may shadow what each alone does not; and g++ takes a joined source for a header.
set(joined $<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>)
target_compile_options(nattevagt_flags INTERFACE
  $<$<NOT:${joined}>:-Wshadow> $<$<AND:${joined},$<CXX_COMPILER_ID:GNU>>:-Wno-subobject-linkage>)

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # libstdc++ 12's stable_sort uses what it has itself deprecated, and clang tells us.
  target_compile_options(nattevagt_flags INTERFACE -Wno-deprecated-declarations)
endif()

if(NATTEVAGT_SANITIZE)
  add_compile_options(-fsanitize=${NATTEVAGT_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${NATTEVAGT_SANITIZE})
endif()
if(NATTEVAGT_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(NATTEVAGT_HARDENED)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  add_compile_options(-fstack-protector-strong -fstack-clash-protection -fcf-protection
                      -ftrivial-auto-var-init=zero -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
                      -D_GLIBCXX_ASSERTIONS)
  add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)
  add_link_options($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie>)
endif()

# nattevagt_library(NAME SOURCES a.cpp ... DEPS other ...)
function(nattevagt_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC nattevagt_flags ${arg_DEPS} PRIVATE ${arg_PRIVATE_DEPS})
endfunction()

# nattevagt_program(NAME SOURCES a.cpp ... DEPS other ...)
function(nattevagt_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE nattevagt_flags ${arg_DEPS})
endfunction()
