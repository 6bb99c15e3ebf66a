# What we use and did not write. Each has its line of reason in ARCHITECTURE.md.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium>=1.0.18)
# 4.3.4 is the first libzmq without known remote faults (CVE-2021-20234..20237).
pkg_check_modules(zmq REQUIRED IMPORTED_TARGET libzmq>=4.3.4)
pkg_check_modules(protobuf_lite REQUIRED IMPORTED_TARGET protobuf-lite>=3.21)
find_program(PROTOC protoc REQUIRED)

include(Sqlcipher)
