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

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT CMAKE_DISABLE_PRECOMPILE_HEADERS)
  # What g++ 12 finds by following values it also finds, wrongly, inside std::string when that header was read before
  # and is no longer known as the system's. Said all the same; errors in the release, which reads headers in place.
  target_compile_options(nattevagt_flags INTERFACE
    -Wno-error=array-bounds -Wno-error=restrict -Wno-error=stringop-overflow -Wno-error=stringop-overread
    -Wno-error=maybe-uninitialized -Wno-error=dangling-pointer -Wno-error=free-nonheap-object -Wno-error=nonnull)
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # libstdc++ 12's stable_sort uses what it has itself deprecated, and clang tells us.
  target_compile_options(nattevagt_flags INTERFACE -Wno-deprecated-declarations)
  # A header's time is no part of what is compiled: ccache may bring it from another day.
  target_compile_options(nattevagt_flags INTERFACE "SHELL:-Xclang -fno-pch-timestamp")
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Its collector would go through the heap again and again for a gigabyte: a twentieth of the time.
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:--param=ggc-min-heapsize=1048576>)
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

# Headers that are read once for many sources, under the presets dev and asan (the others read each where it is
# named, and so would find one that is not). They stand with the first library of their layer and serve those above:
# nattevagt_common's the standard library's and its own, nattevagt_wire's those and the wire's.
set(nattevagt_common_headers
  <algorithm> <array> <chrono> <cstdint> <cstring> <deque> <filesystem> <fstream> <functional> <map> <memory> <mutex>
  <optional> <set> <span> <sstream> <string> <string_view> <thread> <utility> <variant> <vector>
  <proto/common/bytes.h> <proto/common/check.h> <proto/common/clock.h> <proto/common/crypto.h>
  <proto/common/entropy.h> <proto/common/ids.h> <proto/common/limits.h> <proto/common/result.h>
  <proto/common/secret.h>)
set(nattevagt_wire_headers
  ${nattevagt_common_headers}
  <proto/wire/audit.h> <proto/wire/chain.h> <proto/wire/check_in.h> <proto/wire/citizen.h> <proto/wire/codec.h>
  <proto/wire/content.h> <proto/wire/duty.h> <proto/wire/hub.h> <proto/wire/identity.h> <proto/wire/rota.h>)

# nattevagt_read_once(TARGET OWNER): TARGET reads ${OWNER}_headers as OWNER, a target too, has compiled them.
function(nattevagt_read_once target owner)
  if(target STREQUAL owner)
    target_precompile_headers(${target} PRIVATE ${${owner}_headers})
  else()
    target_precompile_headers(${target} REUSE_FROM ${owner})
  endif()
endfunction()

# nattevagt_library(NAME SOURCES a.cpp ... DEPS other ... [HEADERS nattevagt_common])
# HEADERS: whose headers it reads once; nattevagt_wire's if it does not say.
function(nattevagt_library name)
  cmake_parse_arguments(arg "" "HEADERS" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC nattevagt_flags ${arg_DEPS} PRIVATE ${arg_PRIVATE_DEPS})
  if(NOT arg_HEADERS)
    set(arg_HEADERS nattevagt_wire)
  endif()
  nattevagt_read_once(${name} ${arg_HEADERS})
endfunction()

# nattevagt_program(NAME SOURCES a.cpp ... DEPS other ...)
function(nattevagt_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE nattevagt_flags ${arg_DEPS})
endfunction()
