// nattevagt-mls-vectors FILE...: runs the official test vectors of each file's class, which is its name without
// the ending; '_' and '-' are one, capitals are small letters, and more may follow after a '-' or a '.':
// TreeKEM.json, psk-secret.json, treekem-suite3.json. Prints "NAME: N passed, M failed", and each failed case
// before it; exits with 1 on a failed case, an unknown class, an unreadable file, or one without a case to run.
#include <sodium.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/vectors/mls_vectors.h"

namespace nattevagt::mls::vectors {
namespace {

using nlohmann::json;

class JsonCase final : public Case {
 public:
  explicit JsonCase(const json& value) : value_(value) {}
  using Case::bytes;
  using Case::list;
  using Case::number;
  using Case::text;

  bool has(std::string_view key) const override {
    const auto found = value_.find(std::string(key));
    return found != value_.end() && !found->is_null();
  }
  std::unique_ptr<Case> at(std::string_view key) const override {
    const auto found = value_.find(std::string(key));
    if (found == value_.end()) throw BadCase{"no field " + std::string(key)};
    return std::make_unique<JsonCase>(*found);
  }
  std::vector<std::unique_ptr<Case>> list() const override {
    if (!value_.is_array()) throw BadCase{"not a list"};
    std::vector<std::unique_ptr<Case>> out;
    for (const json& item : value_) out.push_back(std::make_unique<JsonCase>(item));
    return out;
  }
  bool is_null() const override { return value_.is_null(); }
  Bytes bytes() const override { return expect_ok(from_hex(text()), "hex"); }
  std::uint64_t number() const override {
    if (!value_.is_number_unsigned()) throw BadCase{"not a number"};
    return value_.get<std::uint64_t>();
  }
  std::string text() const override {
    if (!value_.is_string()) throw BadCase{"not a text"};
    return value_.get<std::string>();
  }

 private:
  const json& value_;
};

struct Class {
  void (*verify)(const Case&);
  bool any_suite;  // uses no AEAD, or names no suite
};

const std::map<std::string, Class>& classes() {
  static const std::map<std::string, Class> all = {
      {"crypto-basics", {verify_crypto_basics, false}},
      {"deserialization", {verify_deserialization, true}},
      {"key-schedule", {verify_key_schedule, false}},
      {"message-protection", {verify_message_protection, false}},
      {"messages", {verify_messages, true}},
      {"passive-client", {verify_passive_client, false}},  // -welcome, -handling-commit, -random
      {"psk-secret", {verify_psk_secret, false}},
      {"secret-tree", {verify_secret_tree, false}},
      {"transcript-hashes", {verify_transcript_hashes, false}},
      {"tree-math", {verify_tree_math, true}},
      {"tree-operations", {verify_tree_operations, true}},
      {"tree-validation", {verify_tree_validation, false}},
      {"treekem", {verify_treekem, false}},
      {"welcome", {verify_welcome, false}},
  };
  return all;
}

// The class that the name begins with, to its end or to a '-' or '.'; the longest one.
const Class* class_of(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return c == '_' ? '-' : static_cast<char>(std::tolower(c)); });
  const Class* found = nullptr;
  std::size_t length = 0;
  for (const auto& [known, what] : classes()) {
    const bool ends =
        name.size() == known.size() ||
        (name.size() > known.size() && (name[known.size()] == '-' || name[known.size()] == '.'));
    if (!name.starts_with(known) || !ends || known.size() < length) continue;
    found = &what;
    length = known.size();
  }
  return found;
}

bool refuse(const std::string& name, const char* why) {
  std::printf("%s: %s\n", name.c_str(), why);
  return false;
}

// True when at least one case ran and none failed.
bool run_file(const std::filesystem::path& path) {
  const std::string name = path.stem().string();
  const Class* found = class_of(name);
  if (found == nullptr) return refuse(name, "unknown class");
  std::ifstream file(path);
  if (!file || std::filesystem::is_directory(path)) return refuse(name, "cannot be read");
  const json content = json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (content.is_discarded()) return refuse(name, "is not JSON");
  if (!content.is_array() || content.empty()) return refuse(name, "no cases");
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::size_t index = 0;
  for (const json& item : content) {
    const std::size_t here = index++;
    std::string fault;
    try {
      const JsonCase vector(item);
      if (!found->any_suite && vector.number("cipher_suite") != 3) continue;
      found->verify(vector);
    } catch (const BadCase& bad) {
      fault = bad.what;
    } catch (const std::exception& unforeseen) {  // an index or a size that no check foresaw
      fault = unforeseen.what();
    }
    fault.empty() ? ++passed : ++failed;
    if (!fault.empty()) std::printf("%s: case %zu: %s\n", name.c_str(), here, fault.c_str());
  }
  std::printf("%s: %zu passed, %zu failed\n", name.c_str(), passed, failed);
  if (passed + failed == 0) return refuse(name, "no case of suite 3");
  return failed == 0 && passed > 0;
}

}  // namespace

void expect(bool condition, const char* what) {
  if (!condition) throw BadCase{what};
}

}  // namespace nattevagt::mls::vectors

int main(int argc, char** argv) {
  if (sodium_init() < 0) return 1;
  bool good = argc > 1;
  for (int i = 1; i < argc; ++i) good = nattevagt::mls::vectors::run_file(argv[i]) && good;
  return good ? 0 : 1;
}
