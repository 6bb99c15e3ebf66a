// What MLS costs, beside what it must cost. The floor of an operation is the signatures, Diffie-Hellman
// operations, key pairs and payload encryption that RFC 9420 makes unavoidable, at the price that raw
// libsodium has in the same run. The last column of the table is the operation divided by its floor.
#include <benchmark/benchmark.h>
#include <malloc.h>
#include <sodium.h>

#include <bit>
#include <cstdio>
#include <ctime>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "client-lib/mls/group.h"
#include "client-lib/mls/group_state.h"
#include "client-lib/mls/tree_math.h"
#include "tests/support/mls_trust_all.h"

namespace nattevagt::mls {

// The bench fills a tree by hand: a thousand real commits to a thousand members would take an hour.
struct GroupAccess {
  static GroupState& state(Group& group) { return *group.state_; }
};

namespace {

constexpr std::size_t kPayload = 1024;

const TrustAll believer;
const UtcTime now = from_unix_ms(1'800'000'000'000);
const Validation validation{believer, now};
SeededEntropy entropy(1);

template <class T>
T get(Result<T> result) {
  if (!result) std::fprintf(stderr, "%s\n", result.error().where);
  NV_CHECK(result.has_value());
  return std::move(*result);
}

struct Device {
  SignKey key;
  Credential credential;
  KeyPackageBundle bundle;
};

// `count` devices, all in one group, and a tree without blanks as it is after some days.
struct Ward {
  explicit Ward(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      Device device;
      device.key = SignKey::generate(entropy);
      device.credential = Credential::basic(as_bytes("device" + std::to_string(i)));
      device.bundle =
          make_key_package({device.credential, now, now + std::chrono::hours(24)}, device.key, entropy);
      devices.push_back(std::move(device));
    }
    Added made = add_all();
    first = std::make_unique<Group>(std::move(made.group));
    welcome = std::move(made.welcome);
    second = std::make_unique<Group>(join(1));
    fill();
  }

  struct Added {
    Group group;
    Bytes welcome;
  };
  Added add_all() const {
    Group group =
        get(Group::create(as_bytes("ward"), devices[0].credential, devices[0].key, {}, validation, entropy));
    CommitRequest request;
    for (std::size_t i = 1; i < devices.size(); ++i) request.adds.push_back(devices[i].bundle.message());
    CommitResult made = get(group.commit(request, validation, entropy));
    get(group.apply_pending());
    return {std::move(group), std::move(*made.welcome)};
  }
  Group join(std::size_t who) const {
    return get(Group::join(welcome, devices[who].bundle, devices[who].key, validation));
  }
  // Each leaf renews its path once; device 0 and 1 are given the private keys that are theirs.
  void fill() {
    GroupState& state = GroupAccess::state(*first);
    RatchetTree tree = state.tree;
    std::map<NodeIndex, HpkeKeyPair> keys;
    for (std::uint32_t i = 0; i < devices.size(); ++i) {
      FreshPath fresh = renew_path(tree, LeafIndex{i}, *tree.leaf(LeafIndex{i}), state.context.group_id,
                                   devices[i].key, entropy);
      for (std::size_t at = 0; at < fresh.path.steps.size(); ++at) {
        keys.insert_or_assign(fresh.path.steps[at].node, std::move(fresh.path.keys[at]));
      }
      keys.insert_or_assign(tree_math::node_of(LeafIndex{i}), std::move(fresh.leaf_keys));
    }
    for (Group* group : {first.get(), second.get()}) {
      GroupState& own = GroupAccess::state(*group);
      own.tree = tree;
      own.context.tree_hash = to_bytes(tree.tree_hash());
      own.context_bytes = encode(own.context);
      for (const auto& [node, pair] : keys) {
        if (tree_math::covers(node, own.own())) own.keys.set(node, {pair.secret.duplicate(), pair.key});
      }
    }
  }

  std::vector<Device> devices;
  std::unique_ptr<Group> first, second;  // devices 0 and 1, in the same epoch
  Bytes welcome;
};

Ward& ward(std::int64_t count) {
  static std::map<std::int64_t, std::unique_ptr<Ward>> wards;
  std::unique_ptr<Ward>& found = wards[count];
  if (!found) found = std::make_unique<Ward>(static_cast<std::size_t>(count));
  return *found;
}

CommitRequest path_only() {
  CommitRequest out;
  out.force_path = true;
  return out;
}

// ---- Raw libsodium

void raw_sign(benchmark::State& state) {  // of a payload of range(0) bytes

  std::array<unsigned char, 32> key{};
  std::array<unsigned char, 64> secret{}, signature{};
  crypto_sign_keypair(key.data(), secret.data());
  const Bytes message(static_cast<std::size_t>(state.range(0)), 7);
  for (auto _ : state)
    crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), secret.data());
}
void raw_verify(benchmark::State& state) {
  std::array<unsigned char, 32> key{};
  std::array<unsigned char, 64> secret{}, signature{};
  crypto_sign_keypair(key.data(), secret.data());
  const Bytes message(static_cast<std::size_t>(state.range(0)), 7);
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), secret.data());
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        crypto_sign_verify_detached(signature.data(), message.data(), message.size(), key.data()));
  }
}
void raw_dh(benchmark::State& state) {
  std::array<unsigned char, 32> secret{}, key{}, shared{};
  randombytes_buf(secret.data(), secret.size());
  crypto_scalarmult_base(key.data(), secret.data());
  for (auto _ : state) benchmark::DoNotOptimize(crypto_scalarmult(shared.data(), secret.data(), key.data()));
}
void raw_key_pair(benchmark::State& state) {
  std::array<unsigned char, 32> secret{}, key{};
  randombytes_buf(secret.data(), secret.size());
  for (auto _ : state) benchmark::DoNotOptimize(crypto_scalarmult_base(key.data(), secret.data()));
}
void raw_aead(benchmark::State& state) {
  const std::array<unsigned char, 32> key{};
  const std::array<unsigned char, 12> nonce{};
  const Bytes message(padded_size(kPayload + 66), 7);
  Bytes out(message.size() + kTagBytes);
  for (auto _ : state) {
    crypto_aead_chacha20poly1305_ietf_encrypt(out.data(), nullptr, message.data(), message.size(), nullptr, 0,
                                              nullptr, nonce.data(), key.data());
  }
}

// ---- MLS

void create_and_add_all(benchmark::State& state) {
  const Ward& all = ward(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(all.add_all());
}
void join(benchmark::State& state) {
  const Ward& all = ward(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(all.join(1));
}
// The operation alone, without what must be laid out before each one: to stop and start the bench's own clock
// costs tens of microseconds here, as much as a small operation's distance from its floor.
template <class Operation>
void timed(benchmark::State& state, Operation&& operation) {
  const auto now_s = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  };
  const double from = now_s();
  operation();
  state.SetIterationTime(now_s() - from);
}
void empty_commit(benchmark::State& state) {
  Group member = ward(state.range(0)).first->clone();
  for (auto _ : state) {
    timed(state, [&] { benchmark::DoNotOptimize(get(member.commit(path_only(), validation, entropy))); });
    member.discard_pending();
  }
}
void process(benchmark::State& state) {
  Ward& all = ward(state.range(0));
  Group committer = all.first->clone();
  const Bytes commit = get(committer.commit(path_only(), validation, entropy)).commit;
  for (auto _ : state) {
    Group member = all.second->clone();
    timed(state, [&] { benchmark::DoNotOptimize(get(member.process(commit, validation))); });
  }
}
void protect(benchmark::State& state) {
  Ward& all = ward(state.range(0));
  Group sender = all.first->clone();
  const Bytes words(kPayload, 'x');
  for (auto _ : state) benchmark::DoNotOptimize(get(sender.protect({}, words, entropy)));
}
void unprotect(benchmark::State& state) {
  Ward& all = ward(state.range(0));
  Group sender = all.first->clone(), receiver = all.second->clone();
  const Bytes words(kPayload, 'x');
  std::vector<Bytes> batch;
  for (auto _ : state) {
    if (batch.empty()) {
      state.PauseTiming();
      for (int i = 0; i < 256; ++i) batch.push_back(get(sender.protect({}, words, entropy)));
      std::reverse(batch.begin(), batch.end());
      state.ResumeTiming();
    }
    benchmark::DoNotOptimize(get(receiver.process(batch.back(), validation)));
    batch.pop_back();
  }
}

// ---- The floor

struct Raw {
  double sign, sign_payload, verify, verify_payload, dh, key_pair, aead;
};

double floor_of(const std::string& operation, double n, const Raw& raw) {
  const double height = n <= 1 ? 0 : std::countr_zero(std::bit_ceil(static_cast<unsigned>(n)));
  // Each KeyPackage has two signatures, each Welcome entry an ephemeral key and a DH; we sign leaf, commit,
  // info.
  if (operation == "create_and_add_all") {
    return (n - 1) * (2 * raw.verify + raw.key_pair + raw.dh) + 3 * raw.sign + raw.key_pair;
  }
  if (operation == "join") return (n + 1) * raw.verify + raw.dh;  // each leaf and the GroupInfo
  // Each level has a key of its own, sealed to the copath under an ephemeral one; then leaf key, leaf,
  // commit.
  if (operation == "empty_commit") {
    return height * (2 * raw.key_pair + raw.dh) + raw.key_pair + 2 * raw.sign;
  }
  // The committer's sibling opens the lowest path secret and works out every key above.
  if (operation == "process") return 2 * raw.verify + raw.dh + height * raw.key_pair;
  if (operation == "protect") return raw.sign_payload + raw.aead;
  return raw.verify_payload + raw.aead;
}

class Medians final : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.aggregate_name != "median") continue;
      const std::string& args = run.run_name.args;
      const bool by_hand = !run.run_name.time_type.empty();
      medians[run.run_name.function_name + (args.empty() ? "" : "/" + args)] =
          by_hand ? run.GetAdjustedRealTime() : run.GetAdjustedCPUTime();
    }
  }
  bool ReportContext(const Context&) override { return true; }
  std::map<std::string, double> medians;  // microseconds of processor time
};

double at(const Medians& found, const std::string& name) {
  const auto median = found.medians.find(name);
  return median == found.medians.end() ? 0 : median->second;
}

void print_table(const Medians& found) {
  const Raw raw{at(found, "raw_sign/300"),    at(found, "raw_sign/1200"), at(found, "raw_verify/300"),
                at(found, "raw_verify/1200"), at(found, "raw_dh"),        at(found, "raw_key_pair"),
                at(found, "raw_aead")};
  std::printf(
      "libsodium, us: sign %.1f, verify %.1f, DH %.1f, key pair %.1f, AEAD of a 1 KiB message %.2f\n\n",
      raw.sign, raw.verify, raw.dh, raw.key_pair, raw.aead);
  std::printf("| operation | N | us | floor | multiple |\n|---|---:|---:|---:|---:|\n");
  for (const char* operation :
       {"create_and_add_all", "join", "empty_commit", "process", "protect", "unprotect"}) {
    for (const int n : {2, 10, 100, 1000}) {
      const double took = at(found, std::string(operation) + "/" + std::to_string(n));
      if (took == 0) continue;
      const double floor = floor_of(operation, n, raw);
      std::printf("| %s | %d | %.1f | %.1f | %.2f |\n", operation, n, took, floor, took / floor);
    }
  }
}

void print_sizes() {
  std::printf("\n| N | memory of a member, KiB | stored, KiB |\n|---:|---:|---:|\n");
  for (const int n : {2, 10, 100, 1000}) {
    const Ward& all = ward(n);
    const SecretBytes epoch = all.first->save_epoch(), ratchets = all.first->save_ratchets();
    const std::size_t before = mallinfo2().uordblks;
    const Group group = get(Group::restore(epoch.expose(), ratchets.expose(), all.devices[0].key));
    const std::size_t after = mallinfo2().uordblks;
    std::printf("| %d | %zu | %zu |\n", n, (after - before) / 1024, (epoch.size() + ratchets.size()) / 1024);
  }
}

}  // namespace
}  // namespace nattevagt::mls

int main(int argc, char** argv) {
  using namespace nattevagt::mls;
  if (sodium_init() < 0) return 1;
  // Raw and MLS repetitions are mixed, so that a busy minute of the machine burdens both.
  std::vector<char*> arguments(argv, argv + argc);
  std::string mixed = "--benchmark_enable_random_interleaving=true";
  arguments.insert(arguments.begin() + 1, mixed.data());
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  const auto add = [](const char* name, void (*run)(benchmark::State&), const std::vector<int>& sizes) {
    auto* added = benchmark::RegisterBenchmark(name, run);
    added->Unit(benchmark::kMicrosecond)->MinTime(0.04)->Repetitions(15);
    for (const int n : sizes) added->Arg(n);
    return added;
  };
  add("raw_sign", raw_sign, {300, 1200});
  add("raw_verify", raw_verify, {300, 1200});
  add("raw_dh", raw_dh, {});
  add("raw_key_pair", raw_key_pair, {});
  add("raw_aead", raw_aead, {});
  add("create_and_add_all", create_and_add_all, {2, 10, 100, 1000});
  add("join", join, {2, 10, 100, 1000});
  add("empty_commit", empty_commit, {2, 10, 100, 1000})->UseManualTime();
  add("process", process, {2, 10, 100, 1000})->UseManualTime();
  add("protect", protect, {2, 10, 100, 1000});
  add("unprotect", unprotect, {2, 10, 100, 1000});
  Medians found;
  benchmark::RunSpecifiedBenchmarks(&found);
  print_table(found);
  print_sizes();
  return 0;
}
