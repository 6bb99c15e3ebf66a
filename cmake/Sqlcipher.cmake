# SQLCipher: a system one from 4.5 on, else the amalgamation that ./dev has fetched from the npm package
# pinned in cmake/sqlcipher/package-lock.json (npm checks its integrity hash).
pkg_check_modules(system_sqlcipher QUIET IMPORTED_TARGET sqlcipher>=4.5)
if(system_sqlcipher_FOUND)
  add_library(nattevagt_sqlcipher INTERFACE)
  target_link_libraries(nattevagt_sqlcipher INTERFACE PkgConfig::system_sqlcipher)
else()
  set(amalgamation ${CMAKE_SOURCE_DIR}/build/deps/sqlcipher/node_modules/@journeyapps/sqlcipher/deps/sqlcipher-amalgamation)
  if(NOT EXISTS ${amalgamation}/sqlite3.c)
    message(FATAL_ERROR "SQLCipher's source is not fetched. Run './dev deps' once.")
  endif()
  add_library(nattevagt_sqlcipher STATIC ${amalgamation}/sqlite3.c)
  target_include_directories(nattevagt_sqlcipher SYSTEM PUBLIC ${amalgamation})
  target_compile_definitions(nattevagt_sqlcipher
    PUBLIC SQLITE_HAS_CODEC
    PRIVATE SQLITE_TEMP_STORE=3 SQLITE_THREADSAFE=1 SQLITE_ENABLE_FTS5 SQLITE_OMIT_LOAD_EXTENSION
            SQLITE_DQS=0 SQLITE_DEFAULT_MEMSTATUS=0 SQLITE_EXTRA_INIT=sqlcipher_extra_init
            SQLITE_EXTRA_SHUTDOWN=sqlcipher_extra_shutdown SQLCIPHER_CRYPTO_OPENSSL
            SQLITE_SECURE_DELETE HAVE_STDINT_H)
  # Not our code: its warnings are its own. Optimised in every preset, less where it is compiled every day. Sanitizers
  # leave it out (two CPU minutes to instrument); its heap is AddressSanitizer's all the same.
  target_compile_options(nattevagt_sqlcipher PRIVATE -w $<IF:$<CONFIG:Dev>,-O1,-O2>)
  if(NATTEVAGT_SANITIZE)
    target_compile_options(nattevagt_sqlcipher PRIVATE -fno-sanitize=all)
  endif()
  target_link_libraries(nattevagt_sqlcipher PRIVATE OpenSSL::Crypto Threads::Threads ${CMAKE_DL_LIBS})
endif()
