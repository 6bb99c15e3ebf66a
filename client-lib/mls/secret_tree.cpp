#include "client-lib/mls/secret_tree.h"

#include <algorithm>
#include <limits>

#include "client-lib/mls/tree_math.h"

namespace nattevagt::mls {
namespace {

namespace tm = tree_math;

constexpr std::uint32_t kLastGeneration = std::numeric_limits<std::uint32_t>::max();

template <class S>
void read_into(Reader& in, S& out) {
  const ByteView bytes = in.raw(S::kSize);
  if (bytes.size() == S::kSize) std::copy(bytes.begin(), bytes.end(), out.expose().begin());
}

}  // namespace

MessageKey MessageKey::duplicate() const {
  MessageKey out;
  out.key = key.duplicate();
  out.nonce = nonce.duplicate();
  return out;
}

Result<MessageKey> Ratchet::advance() {
  if (next_ == kLastGeneration) return fail(Errc::kGenerationUsed, "RFC 9420 9.1");
  MessageKey out;
  const Expander secret(secret_.expose());
  out.key = secret.tree_secret<AeadKey>("key", next_);
  out.nonce = secret.tree_secret<AeadNonce>("nonce", next_);
  secret_ = secret.tree_secret<RatchetSecret>("secret", next_);
  ++next_;
  return out;
}

Status Ratchet::skip_to(std::uint32_t generation) {
  while (next_ < generation) {
    const std::uint32_t passed = next_;
    NV_TRY(MessageKey key, advance());
    // Those that would be pushed out again at once are not kept at all.
    if (generation - passed <= kSkippedMax) skipped_.emplace(passed, std::move(key));
    if (skipped_.size() > kSkippedMax) skipped_.erase(skipped_.begin());
  }
  return {};
}

std::optional<MessageKey> Ratchet::kept(std::uint32_t generation) const {
  const auto found = skipped_.find(generation);
  if (found == skipped_.end()) return std::nullopt;
  return found->second.duplicate();
}

Ratchet Ratchet::duplicate() const {
  Ratchet out(secret_.duplicate());
  out.next_ = next_;
  for (const auto& [generation, key] : skipped_) out.skipped_.emplace(generation, key.duplicate());
  return out;
}

void Ratchet::encode(Writer& out) const {
  out.raw(secret_.expose());
  out.u32(next_);
  out.vector([&] {
    for (const auto& [generation, key] : skipped_) {
      out.u32(generation);
      out.raw(key.key.expose());
      out.raw(key.nonce.expose());
    }
  });
}

Ratchet Ratchet::decode(Reader& in) {
  Ratchet out;
  read_into(in, out.secret_);
  out.next_ = in.u32();
  in.vector(kSkippedMax, [&] {
    const std::uint32_t generation = in.u32();
    MessageKey key;
    read_into(in, key.key);
    read_into(in, key.nonce);
    out.skipped_.emplace(generation, std::move(key));
  });
  return out;
}

SecretTree::SecretTree(std::uint32_t leaf_count, const EncryptionSecret& encryption)
    : leaf_count_(leaf_count) {
  TreeSecret root;
  std::copy(encryption.expose().begin(), encryption.expose().end(), root.expose().begin());
  nodes_.emplace(tm::root(leaf_count), std::move(root));
  changed_nodes_.insert(tm::root(leaf_count));
}

// From the nearest ancestor that has its secret; it exists, because a leaf without one has its ratchets.
SecretTree::Opening SecretTree::opening(LeafIndex leaf) const {
  Opening out;
  out.spent = tm::node_of(leaf);
  while (!nodes_.contains(out.spent)) {
    NV_CHECK(out.spent != tm::root(leaf_count_));
    out.spent = tm::parent(out.spent);
  }
  TreeSecret secret = nodes_.at(out.spent).duplicate();
  for (NodeIndex node = out.spent; !tm::is_leaf(node);) {
    const Expander expander(secret.expose());
    TreeSecret left = expander.secret<TreeSecret>("tree", as_bytes("left"));
    TreeSecret right = expander.secret<TreeSecret>("tree", as_bytes("right"));
    const bool go_left = tm::covers(tm::left(node), leaf);
    out.beside.emplace_back(go_left ? tm::right(node) : tm::left(node), std::move(go_left ? right : left));
    secret = std::move(go_left ? left : right);
    node = go_left ? tm::left(node) : tm::right(node);
  }
  const Expander expander(secret.expose());
  out.ratchets.handshake = Ratchet(expander.secret<RatchetSecret>("handshake"));
  out.ratchets.application = Ratchet(expander.secret<RatchetSecret>("application"));
  return out;
}

SecretTree::LeafRatchets& SecretTree::open(LeafIndex leaf, std::optional<Opening> opened) {
  changed_leaves_.insert(leaf);
  if (const auto found = ratchets_.find(leaf); found != ratchets_.end()) return found->second;
  Opening fresh = opened ? std::move(*opened) : opening(leaf);
  nodes_.erase(fresh.spent);
  changed_nodes_.insert(fresh.spent);
  for (auto& [node, secret] : fresh.beside) {
    nodes_.emplace(node, std::move(secret));
    changed_nodes_.insert(node);
  }
  return ratchets_.emplace(leaf, std::move(fresh.ratchets)).first->second;
}

Result<SecretTree::Sending> SecretTree::next(LeafIndex leaf, RatchetKind kind) {
  NV_CHECK(leaf.value < leaf_count_);
  Ratchet& ratchet = open(leaf).of(kind);
  Sending out;
  out.generation = ratchet.next_generation();
  NV_TRY(out.key, ratchet.advance());
  return out;
}

Result<SecretTree::Step> SecretTree::peek(LeafIndex leaf, RatchetKind kind, std::uint32_t generation) const {
  if (leaf.value >= leaf_count_) return fail(Errc::kInvalidValue, "RFC 9420 6.3.2");
  Step out;
  out.leaf = leaf;
  out.kind = kind;
  out.generation = generation;
  const auto found = ratchets_.find(leaf);
  if (found == ratchets_.end()) out.opening = opening(leaf);
  const Ratchet& ratchet = (out.opening ? out.opening->ratchets : found->second).of(kind);
  if (generation < ratchet.next_generation()) {
    std::optional<MessageKey> kept = ratchet.kept(generation);
    if (!kept) return fail(Errc::kGenerationUsed, "RFC 9420 9.1");
    out.key = std::move(*kept);
    return out;
  }
  if (generation - ratchet.next_generation() > kForwardMax)
    return fail(Errc::kGenerationUsed, "RFC 9420 15.3");
  Ratchet advanced = ratchet.duplicate();
  NV_TRYV(advanced.skip_to(generation));
  NV_TRY(out.key, advanced.advance());
  out.advanced = std::move(advanced);
  return out;
}

void SecretTree::accept(Step step) {
  Ratchet& ratchet = open(step.leaf, std::move(step.opening)).of(step.kind);
  if (step.advanced) {
    ratchet = std::move(*step.advanced);
  } else {
    ratchet.forget(step.generation);
  }
}

std::uint32_t SecretTree::sent(LeafIndex leaf, RatchetKind kind) const noexcept {
  const auto found = ratchets_.find(leaf);
  return found == ratchets_.end() ? 0 : found->second.of(kind).next_generation();
}

SecretTree SecretTree::duplicate() const {
  SecretTree out;
  out.leaf_count_ = leaf_count_;
  for (const auto& [node, secret] : nodes_) out.nodes_.emplace(node, secret.duplicate());
  for (const auto& [leaf, ratchets] : ratchets_) {
    LeafRatchets copy;
    copy.handshake = ratchets.handshake.duplicate();
    copy.application = ratchets.application.duplicate();
    out.ratchets_.emplace(leaf, std::move(copy));
  }
  out.changed_nodes_ = changed_nodes_;
  out.changed_leaves_ = changed_leaves_;
  return out;
}

void SecretTree::forget_changes() noexcept {
  changed_nodes_.clear();
  changed_leaves_.clear();
}

SecretTree SecretTree::empty(std::uint32_t leaf_count) {
  SecretTree out;
  out.leaf_count_ = leaf_count;
  return out;
}

bool SecretTree::put(NodeIndex node, TreeSecret secret) {
  return node.value < tm::node_width(leaf_count_) && nodes_.emplace(node, std::move(secret)).second;
}

bool SecretTree::put(LeafIndex leaf, LeafRatchets ratchets) {
  return leaf.value < leaf_count_ && ratchets_.emplace(leaf, std::move(ratchets)).second;
}

bool SecretTree::complete() const {
  std::vector<std::uint8_t> covered(leaf_count_, 0);
  for (const auto& [leaf, ratchets] : ratchets_) covered[leaf.value] += 1;
  for (const auto& [node, secret] : nodes_) {
    for (std::uint32_t leaf = tm::first_leaf(node); leaf < tm::end_leaf(node); ++leaf) {
      if (covered[leaf] < 2) covered[leaf] += 1;
    }
  }
  return std::all_of(covered.begin(), covered.end(), [](std::uint8_t times) { return times == 1; });
}

MessageKey sender_data_key(const SenderDataSecret& secret, ByteView ciphertext) {
  const ByteView sample = ciphertext.first(std::min(ciphertext.size(), kHashBytes));
  MessageKey out;
  const Expander expander(secret.expose());
  out.key = expander.secret<AeadKey>("key", sample);
  out.nonce = expander.secret<AeadNonce>("nonce", sample);
  return out;
}

}  // namespace nattevagt::mls
