// The TLS presentation language (RFC 9420 2.1) and the form of messages.
#include <gtest/gtest.h>

#include "client-lib/mls/messages.h"
#include "client-lib/mls/ratchet_tree.h"
#include "tests/unit/mls_world.h"

namespace nattevagt::mls {
namespace {

Result<std::size_t> read_length(const Bytes& bytes) {
  Reader in(bytes);
  const std::size_t out = in.varint();
  NV_TRYV(in.finish("test"));
  return out;
}

TEST(MlsCodec, LengthsRoundTripAtTheirEdges) {
  for (const std::size_t length : {0ul, 1ul, 0x3ful, 0x40ul, 0x3ffful, 0x4000ul, 0x3ffffffful}) {
    Writer out;
    out.varint(length);
    const Bytes bytes = out.take();
    EXPECT_EQ(bytes.size(), length < 0x40 ? 1u : length < 0x4000 ? 2u : 4u);
    EXPECT_EQ(test::World::get(read_length(bytes)), length);
  }
}

TEST(MlsCodec, LengthsThatAreNotMinimalAreRefused) {
  for (const char* hex : {"4000", "403f", "80000000", "80003fff", "8000003f"}) {
    EXPECT_EQ(code_of(read_length(*from_hex(hex))), Errc::kMalformed) << hex;
  }
}

TEST(MlsCodec, LengthPrefix11IsRefused) {
  for (const char* hex : {"c0", "ffffffff", "c000000000000000"}) {
    EXPECT_EQ(code_of(read_length(*from_hex(hex))), Errc::kMalformed) << hex;
  }
}

TEST(MlsCodec, LengthPastTheEndIsRefusedAndNothingIsAllocated) {
  const Bytes bytes = *from_hex("bfffffff00");
  Reader in(bytes);
  EXPECT_TRUE(in.opaque().empty());
  EXPECT_FALSE(in.ok());
  Reader nested(bytes);
  int calls = 0;
  nested.vector(10, [&] { ++calls; });
  EXPECT_FALSE(nested.ok());
  EXPECT_EQ(calls, 0);
}

TEST(MlsCodec, ReaderThatFailedStaysFailedAndReadsZeros) {
  const Bytes bytes = *from_hex("0102");
  Reader in(bytes);
  EXPECT_EQ(in.u32(), 0u);
  EXPECT_EQ(in.u8(), 0u);
  EXPECT_FALSE(in.finish("test").has_value());
}

TEST(MlsCodec, NestedVectorCannotReadPastItsOwnEnd) {
  const Bytes bytes = *from_hex("0301020304");  // three bytes inside, one behind
  Reader in(bytes);
  in.vector(10, [&] { in.u16(); });
  EXPECT_FALSE(in.ok());
}

TEST(MlsCodec, MoreElementsThanTheCapAreRefused) {
  const Bytes bytes = *from_hex("0401020304");
  Reader in(bytes);
  in.vector(3, [&] { in.u8(); });
  EXPECT_EQ(code_of(in.finish("test")), Errc::kTooLarge);
}

TEST(MlsCodec, OptionalTagBeyondOneIsRefused) {
  const Bytes bytes = {2};
  Reader in(bytes);
  EXPECT_FALSE(in.flag());
  EXPECT_FALSE(in.ok());
}

TEST(MlsCodec, TrailingBytesAreRefused) {
  test::World world;
  Bytes message = world.device("alice").bundle.message();
  ASSERT_TRUE(parse_message(message).has_value());
  message.push_back(0);
  EXPECT_EQ(code_of(parse_message(message)), Errc::kMalformed);
}

TEST(MlsCodec, EveryTruncationIsRefused) {
  test::World world;
  const Bytes message = world.device("alice").bundle.message();
  for (std::size_t size = 0; size < message.size(); ++size) {
    EXPECT_FALSE(parse_message(ByteView(message).first(size)).has_value()) << size;
  }
}

TEST(MlsCodec, TwoExtensionsOfOneTypeAreRefused) {
  Writer out;
  encode_extensions({{7, {1}}, {7, {2}}}, out);
  const Bytes bytes = out.take();
  Reader in(bytes);
  decode_extensions(in);
  EXPECT_FALSE(in.ok());
}

TEST(MlsCodec, UnknownExtensionsAreKeptByteForByte) {
  const Extensions extensions = {{0xf123, *from_hex("00ff40")}, {0x0a0a, {}}, {5, {0}}};
  Writer out;
  encode_extensions(extensions, out);
  const Bytes bytes = out.take();
  Reader in(bytes);
  EXPECT_EQ(decode_extensions(in), extensions);
  EXPECT_TRUE(in.finish("test").has_value());
}

TEST(MlsCodec, UnknownVersionFormatAndProposalAreUnsupported) {
  EXPECT_EQ(code_of(parse_message(*from_hex("00020001"))), Errc::kUnsupported);
  EXPECT_EQ(code_of(parse_message(*from_hex("00010009"))), Errc::kUnsupported);
  EXPECT_EQ(code_of(decode<Proposal>(*from_hex("0a0a"), "test")), Errc::kUnsupported);
}

TEST(MlsCodec, NumbersOutsideTheirEnumAreRefused) {
  const auto holds = [](auto&& value) {
    const Bytes bytes = encode(value);
    Reader in(bytes);
    (void)std::decay_t<decltype(value)>::decode(in);
    return in.ok();
  };
  PrivateMessage message;
  LeafNode leaf;
  PreSharedKeyId psk;
  psk.type = PskType::kResumption;
  AuthenticatedContent content;
  Sender sender;
  EXPECT_TRUE(holds(message) && holds(leaf) && holds(psk) && holds(content) && holds(sender));
  for (const int beyond : {0, 4}) {
    message.content_type = static_cast<ContentType>(beyond);
    leaf.source = static_cast<LeafNodeSource>(beyond);
    psk.usage = static_cast<ResumptionUsage>(beyond);
    EXPECT_FALSE(holds(message)) << beyond;
    EXPECT_FALSE(holds(leaf)) << beyond;
    EXPECT_FALSE(holds(psk)) << beyond;
  }
  for (const int beyond : {0, 5}) {
    sender.type = static_cast<SenderType>(beyond);
    EXPECT_FALSE(holds(sender)) << beyond;
  }
  for (const int beyond : {0, 6}) {
    content.wire_format = static_cast<WireFormat>(beyond);
    EXPECT_FALSE(holds(content)) << beyond;
  }
  EXPECT_FALSE(decode<PreSharedKeyId>(*from_hex("030000"), "test").has_value());
  EXPECT_FALSE(decode<ProposalOrRef>(*from_hex("0300"), "test").has_value());
}

// Section 10: a KeyPackage's version is that of the message around it.
TEST(MlsCodec, KeyPackageOfAnotherVersionThanItsMessageIsUnsupported) {
  MlsMessage message;
  message.body = KeyPackage{};
  EXPECT_TRUE(parse_message(encode(message)).has_value());
  std::get<KeyPackage>(message.body).version = 2;
  const auto parsed = parse_message(encode(message));
  ASSERT_FALSE(parsed);
  EXPECT_EQ(code_of(parsed), Errc::kUnsupported);
}

TEST(MlsCodec, TreeWithABlankEndOrAMisplacedNodeIsRefused) {
  EXPECT_FALSE(decode<RatchetTree>(*from_hex("0100"), "test").has_value());  // one blank
  EXPECT_FALSE(decode<RatchetTree>(*from_hex("00"), "test").has_value());    // nothing
  EXPECT_FALSE(
      decode<RatchetTree>(*from_hex("050102000000"), "test").has_value());  // a parent at a leaf's place
}

TEST(MlsCodec, TreeHasRoomForItsCapOfLeavesAndNoMore) {
  RatchetTree tree;
  const auto leaf = std::make_shared<const LeafNode>();
  for (std::size_t i = 0; i < caps::kLeaves; ++i) ASSERT_TRUE(tree.add_leaf(leaf).has_value());
  const auto beyond = tree.add_leaf(leaf);
  ASSERT_FALSE(beyond);
  EXPECT_EQ(code_of(beyond), Errc::kTooLarge);
  tree.remove_leaf(LeafIndex{7});
  EXPECT_TRUE(tree.add_leaf(leaf).has_value());
}

TEST(MlsCodec, UnmergedLeavesMustAscend) {
  EXPECT_TRUE(decode<ParentNode>(*from_hex("0000080000000100000002"), "test").has_value());
  EXPECT_FALSE(decode<ParentNode>(*from_hex("0000080000000200000001"), "test").has_value());
  EXPECT_FALSE(decode<ParentNode>(*from_hex("0000080000000100000001"), "test").has_value());
}

TEST(MlsCodec, GreaseIsWhatTheRegistrySays) {
  for (const unsigned value : {0x0a0au, 0x1a1au, 0xaaaau, 0xeaeau})
    EXPECT_TRUE(is_grease(static_cast<std::uint16_t>(value)));
  for (const unsigned value : {0x0a1au, 0xfafau, 0x0001u, 0x0a0bu})
    EXPECT_FALSE(is_grease(static_cast<std::uint16_t>(value)));
  for (int draw = 0; draw < 256; ++draw)
    EXPECT_TRUE(is_grease(grease_value(static_cast<std::uint8_t>(draw))));
}

TEST(MlsCodec, MacOfAnotherLengthNeverMatches) {
  const Digest tag = sha256(as_bytes("x"));
  EXPECT_TRUE(mac_matches(tag, tag));
  EXPECT_FALSE(mac_matches(tag, {}));
  EXPECT_FALSE(mac_matches(tag, ByteView(tag).first(31)));
  Bytes longer = to_bytes(tag);
  longer.push_back(0);
  EXPECT_FALSE(mac_matches(tag, longer));
}

TEST(MlsCrypto, SignatureUnderAKeyOfAnotherLengthNeverHolds) {
  SeededEntropy entropy(3);
  const SignKey signer = SignKey::generate(entropy);
  const Bytes signature = to_bytes(sign_with_label(signer, "label", as_bytes("words")));
  Bytes key = to_bytes(signer.public_key().bytes);
  EXPECT_TRUE(verify_with_label(key, "label", as_bytes("words"), signature));
  EXPECT_FALSE(verify_with_label(key, "other", as_bytes("words"), signature));
  key.push_back(0);
  EXPECT_FALSE(verify_with_label(key, "label", as_bytes("words"), signature));
  key.resize(31);
  EXPECT_FALSE(verify_with_label(key, "label", as_bytes("words"), signature));
}

TEST(MlsCrypto, SmallOrderPointIsRefused) {
  test::World world;
  const Bytes zero(32, 0);
  EXPECT_EQ(code_of(encrypt_with_label(zero, "x", {}, {}, world.entropy)), Errc::kCrypto);
  EXPECT_EQ(code_of(encrypt_with_label(Bytes(31, 9), "x", {}, {}, world.entropy)), Errc::kCrypto);
}

}  // namespace
}  // namespace nattevagt::mls
