// kill -9 of clients at random moments, sending and receiving, while their homes stay: what was accepted into
// the outbox arrives once and in order, nothing is shown twice, and no frame that left is replaced by another
// (outcome.h: commit, then send, then show).
//
// NATTEVAGT_KILL_SEED and NATTEVAGT_KILL_ROUNDS repeat or lengthen a run.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "proto/common/bytes.h"
#include "proto/common/crypto.h"
#include "proto/wire/codec.h"
#include "tests/system/cli_world.h"

namespace nattevagt::testing {
namespace {

std::uint32_t number_from(const char* variable, std::uint32_t otherwise) {
  const char* set = std::getenv(variable);
  return set == nullptr ? otherwise : static_cast<std::uint32_t>(std::strtoul(set, nullptr, 10));
}

enum class Fate { kRefused, kUnknown, kAccepted };

// One of the two who write to each other.
struct Writer {
  std::string home;
  std::unique_ptr<Process> serve;
  std::vector<std::pair<std::string, Fate>> said;  // in order
  std::map<std::string, int> shown;                // message id -> times in the event stream
  bool reached_last_time = true;

  void read_events() {
    if (!serve) return;
    for (const std::string& line : serve->lines()) {
      const Json event = Json::parse(line, nullptr, false);
      if (event.is_object() && event.value("event", "") == "message")
        shown[event["message"]["id"].get<std::string>()] += 1;
    }
    serve.reset();
  }
};

class KillNineClients : public ::testing::Test {
 protected:
  KillNineClients() : seed_(number_from("NATTEVAGT_KILL_SEED", std::random_device()())), random_(seed_) {
    world_.enrol_unit();
    world_.enrol_ida();
    world_.ask("begynd");
    EXPECT_EQ(world_.run("ida", {"take"}).exit_code, 0);
  }
  std::uint32_t up_to(std::uint32_t most) { return static_cast<std::uint32_t>(random_() % (most + 1)); }

  // What the command said of its message; a killed or silent one says nothing that counts.
  static Fate fate_of(const Finished& finished) {
    for (std::size_t at = 0; at < finished.output.size();) {
      const std::size_t end = std::min(finished.output.find('\n', at), finished.output.size());
      const Json said = Json::parse(finished.output.substr(at, end - at), nullptr, false);
      at = end + 1;
      if (!said.is_object()) continue;
      if (said.value("ok", false)) return Fate::kAccepted;
      if (said.value("text", "").find("Beskeden er gemt") != std::string::npos) return Fate::kAccepted;
      if (finished.exit_code == 1) return Fate::kRefused;
    }
    return Fate::kUnknown;
  }

  // `serve` from an earlier round is dead; this one may be killed while it opens. A kill while the PIN is
  // tried counts as a wrong PIN, so never twice in a row.
  void begin(Writer& writer) {
    writer.serve = world_.start(writer.home, {"serve"});
    writer.reached_last_time = !writer.reached_last_time || up_to(3) != 0;
    if (writer.reached_last_time) {
      EXPECT_TRUE(
          writer.serve->wait_for_line([](const std::string& line) { return is_event(line, "serving"); }));
    }
  }

  // Several, one after another: each is over before the next, so the order is theirs.
  void say_some(Writer& writer, int count) {
    for (int i = 0; i < count; ++i) {
      const std::string text = fmt::format("{}-{}", writer.home, writer.said.size());
      // Some do not wait for the hub: they queue up, and the kill falls into the burst that sends them.
      const char* patience = up_to(1) == 0 ? "0s" : "5s";
      auto command = world_.start(writer.home, {"say", text, "--offline", "--patience", patience});
      if (up_to(5) == 0) {
        std::this_thread::sleep_for(Millis(up_to(30)));
        command->kill_nine();
      }
      writer.said.emplace_back(text, fate_of(command->wait()));
    }
  }

  void wait_until_all_is_sent(const std::vector<Writer*>& writers) {
    const auto empty = [this](const Writer* writer) {
      return world_.json(writer->home, {"status"}).last()["outbox_empty"] == true;
    };
    EXPECT_TRUE(comes_true([&] { return std::ranges::all_of(writers, empty); }));
  }

  // What a device holds of the other's words, in the conversation's order.
  std::vector<std::string> heard(const std::string& at, const std::string& from) {
    std::vector<std::string> out;
    for (const Json& line : world_.json(at, {"history", "latest"}).lines) {
      const std::string text = line.contains("message") ? line["message"].value("text", "") : "";
      if (text.starts_with(from + "-")) out.push_back(text);
    }
    return out;
  }

  void check(const Writer& writer, const std::string& at) {
    const auto texts = heard(at, writer.home);
    const std::set<std::string> once(texts.begin(), texts.end());
    EXPECT_EQ(once.size(), texts.size()) << "twice at " << at;
    std::vector<std::string> allowed, expected;
    for (const auto& [text, fate] : writer.said) {
      if (fate != Fate::kRefused) allowed.push_back(text);
      if (fate == Fate::kAccepted) {
        EXPECT_TRUE(once.contains(text)) << text << " was accepted, not at " << at;
      }
      if (fate == Fate::kRefused) {
        EXPECT_FALSE(once.contains(text)) << text << " was refused, but is at " << at;
      }
    }
    std::copy_if(allowed.begin(), allowed.end(), std::back_inserter(expected),
                 [&](const std::string& text) { return once.contains(text); });
    EXPECT_EQ(texts, expected) << "the order at " << at;
  }

  // Every frame that carries a message, as it left its sender: one message of one epoch has one ciphertext,
  // and that is what all are given in the end. Another one would mean that a ratchet position was not durable
  // when the first left: a key and nonce used twice.
  void check_what_left() {
    std::map<std::pair<MessageId, std::uint64_t>, std::set<Digest>> left, given;
    for (const auto& [from_hub, bytes] : world_.tapped_frames()) {
      if (from_hub) {
        const auto frame = wire::decode_hub_frame(as_bytes(bytes));
        const auto* entry = frame ? std::get_if<wire::Entry>(&frame->body) : nullptr;
        if (entry != nullptr) given[{entry->id, entry->epoch}].insert(sha256(entry->bytes));
        continue;
      }
      const auto frame = wire::decode_client_frame(as_bytes(bytes));
      if (!frame) continue;
      if (const auto* append = std::get_if<wire::Append>(&frame->body))
        left[{append->id, append->epoch}].insert(sha256(append->bytes));
      if (const auto* act = std::get_if<wire::Act>(&frame->body))
        left[{act->id, act->epoch}].insert(sha256(act->bytes));
    }
    EXPECT_GT(left.size(), 50U) << "nothing was tapped";
    for (const auto& [key, ciphertexts] : left) {
      EXPECT_EQ(ciphertexts.size(), 1U) << "two ciphertexts of message " << key.first.hex();
      EXPECT_EQ(given[key], ciphertexts) << "left, but never given out: " << key.first.hex();
    }
  }

  CliWorld world_{true};
  std::uint32_t seed_;
  std::mt19937 random_;
};

TEST_F(KillNineClients, LoseNothingTheyAcceptedRepeatNothingAndKeepTheirGroup) {
  const std::uint32_t rounds = number_from("NATTEVAGT_KILL_ROUNDS", 36);
  std::cout << "seed " << seed_ << "\n";
  Writer husb{.home = "husb", .serve = {}, .said = {}, .shown = {}};
  Writer ida{.home = "ida", .serve = {}, .said = {}, .shown = {}};
  for (std::uint32_t round = 0; round < rounds; ++round) {
    SCOPED_TRACE(fmt::format("seed {} round {}", seed_, round));
    const bool serving = up_to(4) != 0;  // else each command runs by itself
    for (Writer* writer : {&husb, &ida}) {
      if (serving) begin(*writer);
    }
    // Both write at once; each is killed at a moment of its own, in the middle of it.
    const int of_husb = static_cast<int>(up_to(4)), of_ida = static_cast<int>(up_to(2));
    const Millis delay_husb(up_to(400)), delay_ida(up_to(400));
    say_some(husb, of_husb);
    say_some(ida, of_ida);
    std::thread other([&] {
      std::this_thread::sleep_for(delay_ida);
      if (ida.serve) ida.serve->kill_nine();
    });
    std::this_thread::sleep_for(delay_husb);
    if (husb.serve) husb.serve->kill_nine();
    other.join();
    husb.read_events();
    ida.read_events();
  }
  // All comes to rest.
  for (Writer* writer : {&husb, &ida}) writer->serve = world_.serve(writer->home);
  wait_until_all_is_sent({&husb, &ida});
  // The group is usable both ways.
  for (Writer* writer : {&husb, &ida}) {
    writer->said.emplace_back(fmt::format("{}-{}", writer->home, writer->said.size()), Fate::kAccepted);
    EXPECT_EQ(world_.run(writer->home, {"say", writer->said.back().first}).exit_code, 0);
  }
  const auto has_last = [](const Writer& of) {
    return [&of](const std::string& line) {
      return line.find(of.said.back().first + "\"") != std::string::npos;
    };
  };
  EXPECT_TRUE(ida.serve->wait_for_line(has_last(husb)));
  EXPECT_TRUE(husb.serve->wait_for_line(has_last(ida)));

  wait_until_all_is_sent({&husb, &ida});
  for (const char* at : {"husb", "ida"}) {
    check(husb, at);
    check(ida, at);
  }
  wait_until_all_is_sent({&husb, &ida});  // who reads a history sends receipts
  check_what_left();
  for (Writer* writer : {&husb, &ida}) {
    const auto& lines = writer->serve->lines();
    EXPECT_TRUE(std::ranges::none_of(lines, [](const auto& line) { return is_event(line, "suspicion"); }));
    writer->read_events();
    for (const auto& [id, times] : writer->shown) EXPECT_EQ(times, 1) << "shown twice at " << writer->home;
  }
  std::map<Fate, int> fates;
  for (const Writer* writer : {&husb, &ida}) {
    for (const auto& [text, fate] : writer->said) fates[fate] += 1;
  }
  EXPECT_GE(fates[Fate::kAccepted], static_cast<int>(rounds)) << "too few to mean anything";
  std::cout << "kill -9 of clients: " << rounds << " rounds, " << fates[Fate::kAccepted] << " accepted, "
            << fates[Fate::kUnknown] << " cut off, " << fates[Fate::kRefused] << " refused\n";
}

}  // namespace
}  // namespace nattevagt::testing
