// The official MLS test vectors: one verifier a class (mls-implementations, test-vectors.md). The JSON
// library stays in mls_vectors_main.cpp; the verifiers see Case.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/common/bytes.h"

namespace nattevagt::mls::vectors {

struct BadCase {
  std::string what;
};

// One JSON value, read only. A missing field or a wrong type throws BadCase, which fails the case.
class Case {
 public:
  virtual ~Case() = default;
  virtual bool has(std::string_view key) const = 0;  // present and not null
  virtual std::unique_ptr<Case> at(std::string_view key) const = 0;
  virtual std::vector<std::unique_ptr<Case>> list() const = 0;
  virtual bool is_null() const = 0;
  virtual Bytes bytes() const = 0;  // from hex
  virtual std::uint64_t number() const = 0;
  virtual std::string text() const = 0;

  Bytes bytes(std::string_view key) const { return at(key)->bytes(); }
  std::uint64_t number(std::string_view key) const { return at(key)->number(); }
  std::uint32_t number32(std::string_view key) const {
    return static_cast<std::uint32_t>(up_to(key, 0xffffffff));
  }
  std::uint64_t up_to(std::string_view key, std::uint64_t most) const {
    const std::uint64_t value = number(key);
    if (value > most) throw BadCase{std::string(key) + ": too large"};
    return value;
  }
  std::string text(std::string_view key) const { return at(key)->text(); }
  std::vector<std::unique_ptr<Case>> list(std::string_view key) const { return at(key)->list(); }
};
// Throws BadCase when the condition does not hold: the first fault ends the case.
void expect(bool condition, const char* what);
template <class ResultType>
auto expect_ok(ResultType result, const char* what) {
  if (!result) throw BadCase{std::string(what) + ": " + result.error().where};
  return std::move(*result);
}

void verify_crypto_basics(const Case& vector);
void verify_deserialization(const Case& vector);
void verify_key_schedule(const Case& vector);
void verify_psk_secret(const Case& vector);
void verify_secret_tree(const Case& vector);
void verify_transcript_hashes(const Case& vector);
void verify_tree_math(const Case& vector);
void verify_tree_operations(const Case& vector);
void verify_tree_validation(const Case& vector);
void verify_treekem(const Case& vector);
void verify_messages(const Case& vector);
void verify_message_protection(const Case& vector);
void verify_welcome(const Case& vector);
void verify_passive_client(const Case& vector);

}  // namespace nattevagt::mls::vectors
