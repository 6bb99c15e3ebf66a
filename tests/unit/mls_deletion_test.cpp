// The deletion schedule (RFC 9420 9.2): what is consumed is gone. Not "no longer reachable": its bytes are
// looked for in all writable memory of the process, heap, stack and statics, and in what would be stored.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>

#include "client-lib/mls/tree_math.h"
#include "tests/unit/mls_world.h"

namespace nattevagt::mls {
namespace {

using test::Party;
using test::World;

// A secret to look for, kept under a mask so that the search does not find what it searches with.
class Trace {
 public:
  Trace(std::string name, ByteView secret) : name_(std::move(name)) {
    for (const std::uint8_t byte : secret) masked_.push_back(byte ^ kMask);
  }
  const std::string& name() const { return name_; }
  bool in(ByteView memory) const {
    if (memory.size() < masked_.size()) return false;
    const std::uint8_t* at = memory.data();
    const std::uint8_t* end = memory.data() + (memory.size() - masked_.size()) + 1;
    while (at < end) {
      at = static_cast<const std::uint8_t*>(
          std::memchr(at, masked_[0] ^ kMask, static_cast<std::size_t>(end - at)));
      if (at == nullptr) return false;
      std::size_t same = 1;
      while (same < masked_.size() && (at[same] ^ kMask) == masked_[same]) ++same;
      if (same == masked_.size()) return true;
      ++at;
    }
    return false;
  }

 private:
  static constexpr std::uint8_t kMask = 0x5c;
  std::string name_;
  Bytes masked_;
};

// All that this process may write, except the window through which it is looked at.
class Memory {
 public:
  std::vector<std::string> find(const std::vector<Trace>& traces) {
    std::vector<std::string> found;
    std::ifstream maps("/proc/self/maps");
    const int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    EXPECT_GE(memory, 0);
    for (std::string line; std::getline(maps, line);) {
      unsigned long from = 0, to = 0;
      std::array<char, 8> rights{};
      if (std::sscanf(line.c_str(), "%lx-%lx %4s", &from, &to, rights.data()) != 3 || rights[1] != 'w')
        continue;
      if (to - from > (1ul << 31)) continue;  // a sanitizer's shadow
      search(memory, from, to, traces, found);
    }
    close(memory);
    std::fill(window_.begin(), window_.end(), std::uint8_t{0});
    return found;
  }

 private:
  // Windows overlap by the length of a secret.
  static constexpr std::size_t kWindow = 1 << 20, kOverlap = 64;

  void search(int memory, std::uintptr_t from, std::uintptr_t to, const std::vector<Trace>& traces,
              std::vector<std::string>& found) {
    const auto own = reinterpret_cast<std::uintptr_t>(window_.data());
    for (std::uintptr_t at = from; at < to; at += kWindow - kOverlap) {
      const std::size_t size = std::min<std::size_t>(kWindow, to - at);
      const ssize_t got = pread(memory, window_.data(), size, static_cast<off_t>(at));
      if (got <= 0) return;
      const auto end = at + static_cast<std::size_t>(got);
      ByteView seen(window_.data(), static_cast<std::size_t>(got));
      if (own < end && at < own + kWindow) {  // what stands before the window, then what stands behind it
        const std::size_t before = own > at ? own - at : 0;
        look(seen.first(before), traces, found);
        seen = own + kWindow < end ? seen.subspan(own + kWindow - at) : ByteView{};
      }
      look(seen, traces, found);
    }
  }
  static void look(ByteView seen, const std::vector<Trace>& traces, std::vector<std::string>& found) {
    for (const Trace& trace : traces) {
      if (trace.in(seen) && std::find(found.begin(), found.end(), trace.name()) == found.end()) {
        found.push_back(trace.name());
      }
    }
  }

  static std::array<std::uint8_t, kWindow> window_;
};
std::array<std::uint8_t, Memory::kWindow> Memory::window_;

class MlsDeletion : public testing::Test {
 protected:
  void expect_gone(const std::vector<Trace>& traces) {
    for (const std::string& name : memory.find(traces)) ADD_FAILURE() << name << " is still in memory";
    for (Group& group : party.groups) {
      const SecretBytes epoch = group.save_epoch(), rows = group.save_ratchets();
      for (const Trace& trace : traces) {
        EXPECT_FALSE(trace.in(epoch.expose()) || trace.in(rows.expose()))
            << trace.name() << " would be stored";
      }
    }
  }
  void expect_here(const std::vector<Trace>& traces) { EXPECT_EQ(memory.find(traces).size(), traces.size()); }
  GroupState& state(std::size_t of) { return GroupAccess::state(party.groups[of]); }

  // Keys of its own: a test before this one in the same process may have left bytes of the common seed's in
  // memory that was freed.
  World world{0x9420};
  Party party{world, 3};
  Memory memory;
};

// Without inlining, so that its frame is not the one that is searched.
[[gnu::noinline]] std::vector<Trace> schedule_of(const Trace&, const SecretBytes& init, GroupState& next) {
  const InitSecret before = *InitSecret::from(init.expose());
  const JoinerSecret joiner = derive_joiner(before, CommitSecret{}, next.context_bytes);
  const MemberSecret member = derive_member(joiner, PskSecret{});
  const EpochSecret epoch = derive_epoch(member, next.context_bytes);
  const DerivedEpoch derived = expand_epoch(epoch);
  // These are the secrets of this epoch indeed.
  EXPECT_TRUE(derived.secrets.exporter == next.secrets.exporter);
  return {{"joiner_secret", joiner.expose()},
          {"member_secret", member.expose()},
          {"welcome_secret", derive_welcome(member).expose()},
          {"epoch_secret", epoch.expose()},
          {"encryption_secret", derived.encryption.expose()}};
}

TEST_F(MlsDeletion, KeyScheduleSecretsAreGoneWhenTheEpochIsSetUp) {
  const test::Device dora = world.device("dora");
  CommitRequest request;
  request.adds = {dora.bundle.message()};
  std::vector<Trace> traces = {{"init_secret of the epoch before", state(1).secrets.init.expose()}};
  expect_here(traces);
  {
    const SecretBytes init(state(1).secrets.init.expose());
    const CommitResult made = world.commit(party.groups[0], request);
    party.deliver(0, made.commit);
    party.groups.push_back(world.join(*made.welcome, dora));
    // Each member hears each other: the encryption secret is used up.
    for (std::size_t from = 0; from < 4; ++from) {
      const Bytes message = world.protect(party.groups[from], "hear me");
      for (std::size_t to = 0; to < 4; ++to) {
        if (to != from) world.read(party.groups[to], message);
      }
    }
    for (Trace& trace : schedule_of(traces[0], init, state(1))) traces.push_back(std::move(trace));
  }
  expect_gone(traces);
  expect_here({{"exporter_secret", state(1).secrets.exporter.expose()}});
}

TEST_F(MlsDeletion, ReplacedLeafAndPathKeysAreGone) {
  std::vector<Trace> traces;
  for (const std::size_t of : {0u, 1u, 2u}) {
    const HpkeKeyPair* leaf =
        state(of).keys.find(tree_math::node_of(LeafIndex{static_cast<std::uint32_t>(of)}));
    traces.emplace_back("leaf key of " + std::to_string(of), leaf->secret.expose());
  }
  for (test::Device& device : party.devices) device.bundle = world.package(device.name, device.key);
  party.fill();
  expect_gone(traces);
  const HpkeKeyPair* root = state(1).keys.find(tree_math::root(4));
  std::vector<Trace> path = {{"root key", root->secret.expose()}};
  expect_here(path);
  party.deliver(0, world.commit_path(party.groups[0]).commit);
  expect_gone(path);
}

TEST_F(MlsDeletion, UpdateKeyIsGoneWhenTheEpochPassesWithoutIt) {
  World::get(party.groups[1].propose_update(world.entropy));
  const std::vector<Trace> traces = {
      {"key of the Update", state(1).proposals[0].update_keys->secret.expose()}};
  expect_here(traces);
  party.deliver(0, world.commit_path(party.groups[0]).commit);
  expect_gone(traces);
}

TEST_F(MlsDeletion, MessageKeysAndRatchetSecretsAreGoneOnceUsed) {
  const Bytes first = world.protect(party.groups[0], "the ratchets begin");
  for (const std::size_t to : {1u, 2u}) world.read(party.groups[to], first);
  std::vector<Trace> traces;
  for (const RatchetKind kind : {RatchetKind::kApplication, RatchetKind::kHandshake}) {
    Writer stored(Writer::Kind::kSecret);  // the secret stands first
    const SecretTree::LeafRatchets& ratchets = state(1).secret_tree.ratchets().at(LeafIndex{0});
    const bool words = kind == RatchetKind::kApplication;
    (words ? ratchets.application : ratchets.handshake).encode(stored);
    traces.emplace_back(words ? "ratchet of words" : "ratchet of handshakes",
                        stored.view().first(RatchetSecret::kSize));
  }
  expect_here(traces);
  for (const RatchetKind kind : {RatchetKind::kApplication, RatchetKind::kHandshake}) {
    const SecretTree::Step step =
        World::get(state(1).secret_tree.peek(LeafIndex{0}, kind, kind == RatchetKind::kApplication ? 1 : 0));
    traces.emplace_back("message key", step.key.key.expose());
    traces.emplace_back("message nonce", step.key.nonce.expose());
  }
  const Bytes words = world.protect(party.groups[0], "once");
  const Bytes update = World::get(party.groups[0].propose_update(world.entropy));
  for (const std::size_t to : {1u, 2u}) {
    world.read(party.groups[to], words);
    world.process(party.groups[to], update);
  }
  expect_gone(traces);
}

TEST_F(MlsDeletion, KeyOfASkippedMessageIsKeptAndThenGone) {
  const Bytes skipped = world.protect(party.groups[0], "skipped");
  const Bytes next = world.protect(party.groups[0], "next");
  std::vector<Trace> traces;
  {
    const SecretTree::Step step =
        World::get(state(1).secret_tree.peek(LeafIndex{0}, RatchetKind::kApplication, 0));
    traces.emplace_back("key of the skipped message", step.key.key.expose());
  }
  world.read(party.groups[1], next);
  world.read(party.groups[2], skipped);
  world.read(party.groups[2], next);
  expect_here(traces);
  world.read(party.groups[1], skipped);
  expect_gone(traces);
}

TEST_F(MlsDeletion, PastEpochsAndOldResumptionPsksAreGoneAtTheirBounds) {
  const std::vector<Trace> sender_data = {{"sender_data_secret", state(1).secrets.sender_data.expose()}};
  const std::vector<Trace> resumption = {{"resumption_psk", state(1).secrets.resumption.expose()}};
  for (std::size_t i = 0; i < kPastEpochsMax; ++i)
    party.deliver(0, world.commit_path(party.groups[0]).commit);
  expect_here(sender_data);
  party.deliver(0, world.commit_path(party.groups[0]).commit);
  expect_gone(sender_data);
  for (std::size_t i = kPastEpochsMax + 1; i < kResumptionPsksMax; ++i)
    party.deliver(0, world.commit_path(party.groups[0]).commit);
  expect_here(resumption);
  party.deliver(0, world.commit_path(party.groups[0]).commit);
  expect_gone(resumption);
}

TEST_F(MlsDeletion, InitKeyGoesWithItsBundle) {
  std::vector<Trace> traces = {{"init key", party.devices[1].bundle.init_private().expose()}};
  expect_here(traces);
  party.devices[1].bundle = world.package("device1", party.devices[1].key);
  expect_gone(traces);
}

}  // namespace
}  // namespace nattevagt::mls
