// What a frame costs hub and client, apart from the socket.

#include <benchmark/benchmark.h>

#include "proto/wire/chain.h"
#include "proto/wire/codec.h"
#include "proto/wire/receipt.h"
#include "tests/unit/wire_draw.h"

namespace nattevagt::wire {
namespace {

HubFrame entry_frame(std::size_t size) {
  Draw draw(1);
  Entry entry = draw.entry();
  entry.kind = EntryKind::kApplication;
  entry.stream = draw.id<ConversationId>();
  entry.bytes = Bytes(size, 7);
  return {kProtocolVersion, 0, entry};
}

ClientFrame append_frame(std::size_t size) {
  Draw draw(2);
  Append append;
  append.stream = draw.id<ConversationId>();
  append.id = draw.id<MessageId>();
  append.kind = EntryKind::kApplication;
  append.bytes = Bytes(size, 7);
  return {kProtocolVersion, 1, append};
}

void encode_entry(benchmark::State& state) {
  const HubFrame frame = entry_frame(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(encode(frame));
}
BENCHMARK(encode_entry)->Arg(1024)->Arg(16 * 1024)->Arg(256 * 1024);

void decode_entry(benchmark::State& state) {
  const Bytes bytes = encode(entry_frame(static_cast<std::size_t>(state.range(0))));
  for (auto _ : state) benchmark::DoNotOptimize(decode_hub_frame(bytes));
}
BENCHMARK(decode_entry)->Arg(1024)->Arg(16 * 1024)->Arg(256 * 1024);

void encode_append(benchmark::State& state) {
  const ClientFrame frame = append_frame(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(encode(frame));
}
BENCHMARK(encode_append)->Arg(1024);

void decode_append(benchmark::State& state) {
  const Bytes bytes = encode(append_frame(static_cast<std::size_t>(state.range(0))));
  for (auto _ : state) benchmark::DoNotOptimize(decode_client_frame(bytes));
}
BENCHMARK(decode_append)->Arg(1024);

void chain_an_entry(benchmark::State& state) {
  const Bytes bytes(static_cast<std::size_t>(state.range(0)), 7);
  Digest chain{};
  for (auto _ : state) {
    chain = chain_next(chain, 1, EntryKind::kApplication, 1, {}, from_unix_ms(1), bytes);
  }
  benchmark::DoNotOptimize(chain);
}
BENCHMARK(chain_an_entry)->Arg(1024);

void make_receipts_of_a_batch(benchmark::State& state) {
  Draw draw(3);
  const SignKey hub = SignKey::generate(draw.entropy());
  std::vector<ReceiptLeaf> leaves(static_cast<std::size_t>(state.range(0)), draw.receipt_leaf());
  for (auto _ : state) benchmark::DoNotOptimize(make_receipts(leaves, hub));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(make_receipts_of_a_batch)->Arg(1)->Arg(64)->Arg(1024);

void check_a_receipt(benchmark::State& state) {
  Draw draw(4);
  const SignKey hub = SignKey::generate(draw.entropy());
  const std::vector<Receipt> receipts = make_receipts(std::vector<ReceiptLeaf>(64, draw.receipt_leaf()), hub);
  for (auto _ : state) benchmark::DoNotOptimize(verify_receipt(receipts[5], hub.public_key()));
}
BENCHMARK(check_a_receipt);

void check_a_certificate(benchmark::State& state) {
  Draw draw(5);
  const SignKey organisation = SignKey::generate(draw.entropy());
  const SignKey grant_key = SignKey::generate(draw.entropy());
  OrganisationCard card;
  card.sign_key = organisation.public_key();
  card.id = organisation_id(card.sign_key);
  Grant grant = draw.grant();
  grant.organisation = card.id;
  grant.sign_key = grant_key.public_key();
  const CertificateBody body{sign_grant(grant, organisation),
                             grant_key.public_key(),
                             {},
                             grant.issued_at,
                             grant.issued_at + Millis(1)};
  const Certificate certificate = sign_certificate(body, grant_key);
  for (auto _ : state) {
    benchmark::DoNotOptimize(verify_certificate(certificate, {&card, 1}, grant.issued_at));
  }
}
BENCHMARK(check_a_certificate);

}  // namespace
}  // namespace nattevagt::wire
