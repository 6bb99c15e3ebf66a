// The search behind "the hub sees none of it" (P-084): what people wrote, looked for in every shape in which
// it could lie about, in a process's memory, in files, on the wire and in the hub's own rows.
//
// A search that finds nothing proves something only if it could have found: who uses it looks for a thing
// that is there as well.
#pragma once

#include <sys/types.h>

#include <bitset>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proto/common/result.h"

namespace nattevagt::testing {

struct WordShape {
  std::string name;
  std::string bytes;
};
// UTF-8, UTF-16LE, hex in both cases, base64 in both alphabets at each of the three alignments.
std::vector<WordShape> shapes_of(std::string_view word);

// Looks for all words in all shapes in one pass.
class WordSearch {
 public:
  static constexpr std::size_t kWordBytesMin = 5;  // shorter ones turn up in random bytes
  explicit WordSearch(std::vector<std::string> words);

  struct Hit {
    std::string word, shape;
    std::size_t at = 0;
  };
  std::vector<Hit> in(std::string_view bytes) const;  // the first of each word and shape
  const std::vector<std::string>& words() const { return words_; }
  std::size_t needles() const { return needles_.size(); }

 private:
  struct Needle {
    std::size_t word = 0;
    WordShape shape;
  };
  static std::uint32_t head(const char* at);
  std::vector<std::string> words_;
  std::vector<Needle> needles_;
  std::bitset<1U << 16> heads_;  // of hashed first four bytes
  std::unordered_multimap<std::uint32_t, std::size_t> by_head_;
};

// The process's writable memory as the kernel shows it; empty when we may not look.
std::string memory_of(pid_t pid);

// What a stopped hub's journal holds, opened with the hub's own key.
struct JournalRows {
  std::map<std::string, std::size_t> kinds;  // how many records of each
  std::string bytes;                         // of the snapshot and of all records, one after another
};
Result<JournalRows> journal_rows(const std::string& data_dir);

}  // namespace nattevagt::testing
