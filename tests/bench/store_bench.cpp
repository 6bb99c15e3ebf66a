// What looking costs on a device that keeps many messages: 100,000 in one conversation, as a recorder has them.
// Wall-clock time of single runs, after one that warms the cache: read the ratio of a page to all of it.
#include <chrono>
#include <cstdio>
#include <string>

#include "client-lib/store/sqlcipher_store.h"
#include "tests/support/process.h"

namespace nattevagt::client {
namespace {

constexpr int kMessages = 100'000;
constexpr int kInOneCommit = 1'000;
const UtcTime kStart = from_unix_ms(1'795'570'800'000);

Message message(int number, const ConversationId& conversation, Entropy& entropy) {
  Message out;
  out.conversation = conversation;
  out.id = entropy.make_id<MessageId>();
  out.seq = static_cast<std::uint64_t>(number) + 1;
  out.stored_at = kStart + std::chrono::seconds(number);
  out.author.kind = wire::HolderKind::kPerson;
  out.delivery = Delivery::kStored;
  out.content = {.conversation = conversation,
                 .id = out.id,
                 .author = {},
                 .device = {},
                 .author_name = "Ida Eksempel",
                 .author_profession = "overlæge",
                 .written_at = out.stored_at,
                 .mark = {},
                 .body = wire::Text{"Har gået uroligt siden kl. 00.30. Notat " + std::to_string(number) +
                                    (number % 1'000 == 0 ? ", oxazepam givet" : "")}};
  return out;
}

template <class Work>
void measure(const char* what, Work&& work) {
  const std::size_t rows = work();
  const auto begin = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  std::printf("| %s | %zu | %.2f |\n", what, rows, took.count());
}

int run() {
  const testing::TempDir folder;
  SeededEntropy entropy(1);
  const StoreOptions options{folder.path() + "/home", "2468", true, {1, 8}, {}, false};
  auto opened = SqlcipherStore::open(options, kStart, entropy);
  if (!opened) return 1;
  SqlcipherStore& store = **opened;
  const auto conversation = entropy.make_id<ConversationId>();
  for (int made = 0; made < kMessages; made += kInOneCommit) {
    Outcome outcome;
    for (int i = made; i < made + kInOneCommit; ++i) {
      outcome.messages.push_back(message(i, conversation, entropy));
    }
    if (!store.commit(outcome)) return 1;
  }
  std::printf("%d messages in one conversation\n\n| what | rows | ms |\n|---|---:|---:|\n", kMessages);
  measure("the newest page of 50", [&] { return store.history(conversation, {HistoryPage::kEnd, 50})->size(); });
  measure("a page of 50 in the middle",
          [&] { return store.history(conversation, {kMessages / 2, 50})->size(); });
  measure("all of it", [&] { return store.history(conversation)->size(); });
  measure("search, a rare word, 50", [&] { return store.search("oxazepam", 50)->size(); });
  measure("search, a word in each, 50", [&] { return store.search("uroligt", 50)->size(); });
  measure("search, a word in each, page 20", [&] { return store.search("uroligt", 50, 950)->size(); });
  measure("at start: each message once", [&] {
    std::size_t rows = 0;
    return store.each_message([&](const Message&) { ++rows; }) ? rows : 0;
  });
  Outcome forgetting;
  forgetting.forgettings.push_back({conversation, kStart + std::chrono::seconds(kMessages / 10)});
  const auto begin = std::chrono::steady_clock::now();
  if (!store.commit(forgetting)) return 1;
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  std::printf("| forget a tenth (P-092) | %d | %.2f |\n", kMessages / 10, took.count());
  return 0;
}

}  // namespace
}  // namespace nattevagt::client

int main() { return nattevagt::client::run(); }
