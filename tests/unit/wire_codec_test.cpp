// What a correct peer sends comes back as it was, in the same bytes each time.

#include "proto/wire/codec.h"

#include <gtest/gtest.h>

#include "tests/unit/wire_draw.h"
#include "tests/unit/wire_fields.h"

namespace nattevagt::wire {
namespace {

constexpr int kRounds = 60;

template <class T, class Decode>
void expect_round_trip(const T& value, Decode decode) {
  const Bytes bytes = encode(value);
  const Result<T> back = decode(bytes);
  ASSERT_TRUE(back) << back.error().where << ": " << errc_name(back.error().code);
  EXPECT_TRUE(*back == value);
  EXPECT_EQ(encode(*back), bytes);
}

TEST(Codec, EveryRequestComesBack) {
  for (std::size_t kind = 0; kind < std::variant_size_v<Request>; ++kind) {
    Draw draw(kind);
    for (int i = 0; i < kRounds; ++i) {
      const ClientFrame frame = draw.client_frame(kind);
      ASSERT_EQ(frame.body.index(), kind);
      SCOPED_TRACE(kind);
      ASSERT_NO_FATAL_FAILURE(expect_round_trip(frame, decode_client_frame));
      EXPECT_EQ(request_number(encode(frame)), frame.request);
    }
  }
}

TEST(Codec, EveryAnswerComesBack) {
  for (std::size_t kind = 0; kind < std::variant_size_v<Answer>; ++kind) {
    Draw draw(100 + kind);
    for (int i = 0; i < kRounds; ++i) {
      const HubFrame frame = draw.hub_frame(kind);
      ASSERT_EQ(frame.body.index(), kind);
      SCOPED_TRACE(kind);
      ASSERT_NO_FATAL_FAILURE(expect_round_trip(frame, decode_hub_frame));
    }
  }
}

TEST(Codec, InboxItemsAndIdentityComeBack) {
  Draw draw(200);
  for (int i = 0; i < kRounds; ++i) {
    ASSERT_NO_FATAL_FAILURE(expect_round_trip(draw.welcome_item(), decode_welcome_item));
    ASSERT_NO_FATAL_FAILURE(expect_round_trip(draw.alert_item(), decode_alert_item));
    ASSERT_NO_FATAL_FAILURE(expect_round_trip(draw.check_in_item(), decode_check_in_item));
    ASSERT_NO_FATAL_FAILURE(expect_round_trip(draw.signed_check_in(), decode_signed_check_in));
    ASSERT_NO_FATAL_FAILURE(expect_round_trip(draw.grant(), decode_grant));
    ASSERT_NO_FATAL_FAILURE(expect_round_trip(draw.certificate_body(), decode_certificate_body));
    ASSERT_NO_FATAL_FAILURE(expect_round_trip(draw.certificate(), decode_certificate));
    ASSERT_NO_FATAL_FAILURE(expect_round_trip(draw.roster(), decode_roster));
    ASSERT_NO_FATAL_FAILURE(expect_round_trip(draw.revocations(), decode_revocations));
    ASSERT_NO_FATAL_FAILURE(expect_round_trip(draw.signed_document(), decode_signed_document));
    ASSERT_NO_FATAL_FAILURE(expect_round_trip(draw.label(), decode_label));
  }
}

TEST(Codec, LargestRaiseFitsAFrame) {
  Draw draw(201);
  Raise raise = std::get<Raise>(draw.client_frame(6).body);
  raise.members.assign(limits::kGroupMembersMax - 1, draw.id<DeviceId>());
  raise.welcome.assign(limits::kWelcomeBytesMax, 1);
  raise.bytes.assign(limits::kEntryBytesMax, 2);
  expect_round_trip(ClientFrame{kProtocolVersion, 1, raise}, decode_client_frame);
}

TEST(Codec, LargestWelcomeFitsAnInboxEntry) {
  Draw draw(202);
  WelcomeItem item = draw.welcome_item();
  item.seq = ~std::uint64_t{0};
  item.welcome.assign(limits::kWelcomeBytesMax, 1);
  Entry entry = draw.entry();
  entry.stream = kInbox;
  entry.kind = EntryKind::kWelcome;
  entry.epoch = 0;
  entry.bytes = encode(item);
  expect_round_trip(HubFrame{kProtocolVersion, 0, entry}, decode_hub_frame);
}

// A hub of a later release may say more than we know (P-004).
TEST(Codec, UnknownFieldsAreIgnored) {
  Draw draw(203);
  const ClientFrame frame = draw.client_frame(5);
  std::vector<RawField> fields;
  ASSERT_TRUE(split(encode(frame), fields));
  fields.push_back({999, 2, 0, Bytes{1, 2, 3}});
  std::vector<RawField> body;
  ASSERT_TRUE(split(fields[2].bytes, body));
  body.push_back({998, 0, 7, {}});
  fields[2].bytes = join(body);
  const Result<ClientFrame> back = decode_client_frame(join(fields));
  ASSERT_TRUE(back);
  EXPECT_TRUE(*back == frame);
}

// Field numbers and types are for ever: these bytes were written by version 1.
TEST(Codec, VersionOneBytesAreStillRead) {
  Append append;
  append.stream.bytes.fill(0x11);
  append.id.bytes.fill(0x22);
  append.kind = EntryKind::kApplication;
  append.epoch = 3;
  append.bytes = {0xaa, 0xbb};
  const ClientFrame frame{1, 9, append};
  EXPECT_EQ(to_hex(encode(frame)),
            "080110097a2c"
            "0a1011111111111111111111111111111111"
            "1a1022222222222222222222222222222222"
            "2001"
            "2803"
            "3202aabb");
  EXPECT_TRUE(decode_client_frame(encode(frame)).value() == frame);
}

TEST(Codec, NeverIsAsShortAsNothing) {
  Draw draw(204);
  AlertItem item = draw.alert_item();
  item.view.next_at = item.view.exhausted_at = from_unix_ms(1'800'000'000'000);
  const std::size_t with_times = encode(item).size();
  item.view.next_at = item.view.exhausted_at = kNever;
  EXPECT_LE(encode(item).size(), with_times - 2 * 7);
  EXPECT_EQ(decode_alert_item(encode(item)).value().view.next_at, kNever);
}

TEST(Chain, FirstAndNextAgreeWithTheProtocolsFormula) {
  Draw draw(205);
  const auto stream = draw.id<ConversationId>();
  const auto owner = draw.id<DeviceId>();
  Bytes expected = to_bytes(as_bytes("Nattevagt stream v1"));
  expected.push_back(0);
  append(expected, stream.view());
  EXPECT_EQ(chain_first(stream, std::nullopt), sha256(expected));
  append(expected, owner.view());
  EXPECT_EQ(chain_first(stream, owner), sha256(expected));

  const Digest first = chain_first(stream, std::nullopt);
  const auto id = draw.id<MessageId>();
  const Bytes bytes{1, 2, 3};
  Bytes next(first.begin(), first.end());
  append(next, from_hex("0102030405060708"
                        "03"
                        "0000000000000009")
                   .value());
  append(next, id.view());
  append(next, from_hex("000001a3185c5000").value());
  append(next, sha256(bytes));
  EXPECT_EQ(chain_next(first, 0x0102030405060708, EntryKind::kCommit, 9, id, from_unix_ms(1'800'000'000'000),
                       bytes),
            sha256(next));
}

TEST(Chain, EveryPartOfAnEntryMovesTheChain) {
  Draw draw(206);
  const Digest previous = draw.array<32>();
  const auto id = draw.id<MessageId>();
  const UtcTime at = draw.time();
  const Bytes bytes{1};
  const Digest chain = chain_next(previous, 5, EntryKind::kCommit, 7, id, at, bytes);
  Digest other = previous;
  other[31] ^= 1;
  EXPECT_NE(chain, chain_next(other, 5, EntryKind::kCommit, 7, id, at, bytes));
  EXPECT_NE(chain, chain_next(previous, 6, EntryKind::kCommit, 7, id, at, bytes));
  EXPECT_NE(chain, chain_next(previous, 5, EntryKind::kProposal, 7, id, at, bytes));
  EXPECT_NE(chain, chain_next(previous, 5, EntryKind::kCommit, 8, id, at, bytes));
  EXPECT_NE(chain, chain_next(previous, 5, EntryKind::kCommit, 7, draw.id<MessageId>(), at, bytes));
  EXPECT_NE(chain, chain_next(previous, 5, EntryKind::kCommit, 7, id, at + Millis(1), bytes));
  EXPECT_NE(chain, chain_next(previous, 5, EntryKind::kCommit, 7, id, at, Bytes{2}));
}

}  // namespace
}  // namespace nattevagt::wire
