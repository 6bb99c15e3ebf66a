#include <gtest/gtest.h>

#include "proto/wire/codec.h"
#include "tests/unit/wire_draw.h"

namespace nattevagt::wire {
namespace {

TEST(ContentCodec, EveryBodyComesBack) {
  for (std::size_t kind = 0; kind < std::variant_size_v<Body>; ++kind) {
    Draw draw(kind);
    for (int i = 0; i < 60; ++i) {
      const Content content = draw.content(kind);
      ASSERT_EQ(content.body.index(), kind);
      const Bytes bytes = encode(content);
      const Result<Content> back = decode_content(bytes);
      ASSERT_TRUE(back) << back.error().where;
      EXPECT_TRUE(*back == content) << kind;
      EXPECT_EQ(encode(*back), bytes);
    }
  }
}

TEST(ContentCodec, SignedContentComesBack) {
  Draw draw(50);
  for (int i = 0; i < 60; ++i) {
    const SignedContent content = draw.signed_content();
    EXPECT_TRUE(decode_signed_content(encode(content)).value() == content);
  }
}

struct Refusal {
  const char* name;
  std::size_t kind;  // of the body
  void (*change)(Content&);
  Errc code;
};

std::string long_text(std::size_t size) { return std::string(size, 'x'); }

template <class T>
T& body(Content& content) {
  return std::get<T>(content.body);
}

const Refusal kRefusals[] = {
    {"inbox as conversation", 3, [](Content& c) { c.conversation = kInbox; }, Errc::kInvalidValue},
    {"author name too long", 3, [](Content& c) { c.author_name = long_text(201); }, Errc::kTooLarge},
    {"profession too long", 3, [](Content& c) { c.author_profession = long_text(201); }, Errc::kTooLarge},
    {"author name not UTF-8", 3, [](Content& c) { c.author_name = "\xff"; }, Errc::kInvalidValue},
    {"written before 2020", 3, [](Content& c) { c.written_at = limits::kTimeMin - Millis(1); },
     Errc::kInvalidValue},
    {"written in 2200", 3, [](Content& c) { c.written_at = limits::kTimeEnd; }, Errc::kInvalidValue},
    {"written never", 3, [](Content& c) { c.written_at = kNever; }, Errc::kInvalidValue},
    {"text too long", 3, [](Content& c) { body<Text>(c).text = long_text(limits::kTextBytesMax + 1); },
     Errc::kTooLarge},
    {"text overlong UTF-8", 3, [](Content& c) { body<Text>(c).text = "\xc0\x80"; }, Errc::kInvalidValue},
    {"text with a surrogate", 3, [](Content& c) { body<Text>(c).text = "\xed\xa0\x80"; },
     Errc::kInvalidValue},
    {"text past Unicode", 3, [](Content& c) { body<Text>(c).text = "\xf4\x90\x80\x80"; },
     Errc::kInvalidValue},
    {"text cut in a character", 3, [](Content& c) { body<Text>(c).text = "abcdefghijk\xc3"; },
     Errc::kInvalidValue},
    {"lone continuation", 3, [](Content& c) { body<Text>(c).text = "abcdefgh\x80"; }, Errc::kInvalidValue},
    {"Latin-1", 3, [](Content& c) { body<Text>(c).text = "Strandl\xf8kken"; }, Errc::kInvalidValue},
    {"severity 0", 0, [](Content& c) { body<AdviceRequest>(c).severity = Severity{}; }, Errc::kInvalidValue},
    {"severity 5", 0, [](Content& c) { body<AdviceRequest>(c).severity = Severity{5}; }, Errc::kInvalidValue},
    {"situation 0", 0, [](Content& c) { body<AdviceRequest>(c).kind = Situation{}; }, Errc::kInvalidValue},
    {"situation 13", 0, [](Content& c) { body<AdviceRequest>(c).kind = Situation{13}; }, Errc::kInvalidValue},
    {"CPR with a date that is none", 0,
     [](Content& c) { body<AdviceRequest>(c).citizen.cpr = "310200-9996"; }, Errc::kInvalidValue},
    {"citizen's name too long", 0, [](Content& c) { body<AdviceRequest>(c).citizen.name = long_text(201); },
     Errc::kTooLarge},
    {"callback too long", 0, [](Content& c) { body<AdviceRequest>(c).callback = long_text(201); },
     Errc::kTooLarge},
    {"ISBAR field not UTF-8", 0, [](Content& c) { body<AdviceRequest>(c).isbar.recommendation = "\xfe"; },
     Errc::kInvalidValue},
    {"ISBAR addition too long", 1,
     [](Content& c) { body<IsbarAddition>(c).isbar.analysis = long_text(limits::kTextBytesMax + 1); },
     Errc::kTooLarge},
    {"medicine question not UTF-8", 2, [](Content& c) { body<MedicineQuestion>(c).vital_signs = "\x80"; },
     Errc::kInvalidValue},
    {"medicine without read-back (P-073)", 4,
     [](Content& c) {
       body<Advice>(c).medicine = Medicine{"Olanzapin", "5 mg", "nu", "10 mg"};
       body<Advice>(c).read_back_required = false;
     },
     Errc::kInvalidValue},
    {"empty medicine without read-back (P-073)", 4,
     [](Content& c) {
       body<Advice>(c).medicine.emplace();
       body<Advice>(c).read_back_required = false;
     },
     Errc::kInvalidValue},
    {"medicine's dose not UTF-8", 4,
     [](Content& c) {
       body<Advice>(c).medicine = Medicine{"Olanzapin", "\xff", "nu", "10 mg"};
       body<Advice>(c).read_back_required = true;
     },
     Errc::kInvalidValue},
    {"done at no time", 7, [](Content& c) { body<Done>(c).at = kNever; }, Errc::kInvalidValue},
    {"observed in 1970", 8, [](Content& c) { body<Observation>(c).at = from_unix_ms(1); },
     Errc::kInvalidValue},
    {"reserve's choice too long", 11, [](Content& c) { body<ReserveUsed>(c).choice = long_text(201); },
     Errc::kTooLarge},
    {"withdrawal's reason not UTF-8", 12, [](Content& c) { body<Withdraw>(c).reason = "\xc3"; },
     Errc::kInvalidValue},
    {"seen stage 0", 14, [](Content& c) { body<Seen>(c).stage = SeenStage{}; }, Errc::kInvalidValue},
    {"seen stage 3", 14, [](Content& c) { body<Seen>(c).stage = SeenStage{3}; }, Errc::kInvalidValue},
    {"journal mark at a negative time", 15, [](Content& c) { body<JournalMark>(c).at = from_unix_ms(-1); },
     Errc::kInvalidValue},
    {"a content past 64 KiB", 0,
     [](Content& c) {
       const std::string half = long_text(limits::kTextBytesMax);
       body<AdviceRequest>(c).isbar = {half, half, half, half, half};
     },
     Errc::kTooLarge},
};

TEST(ContentCodec, RefusesWhatIsOutsideItsRange) {
  for (const Refusal& refusal : kRefusals) {
    SCOPED_TRACE(refusal.name);
    Draw draw(60);
    Content content = draw.content(refusal.kind);
    ASSERT_TRUE(decode_content(encode(content)));
    refusal.change(content);
    const Result<Content> refused = decode_content(encode(content));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, refusal.code);
  }
}

TEST(ContentCodec, TakesWhatStaffReallyWrite) {
  Draw draw(61);
  Content content = draw.content(3);
  for (const char* text : {"", "Går uroligt siden kl. 00.30", "\xf0\x9f\x98\x80", "日本", "\xf4\x8f\xbf\xbf",
                           "a\tb\r\n", "\xed\x9f\xbf", "\xee\x80\x80"}) {
    body<Text>(content).text = text;
    EXPECT_TRUE(decode_content(encode(content))) << text;
  }
  body<Text>(content).text = std::string(limits::kTextBytesMax, 'x');
  EXPECT_TRUE(decode_content(encode(content)));
  for (const UtcTime time : {limits::kTimeMin, limits::kTimeEnd - Millis(1)}) {
    content.written_at = time;
    EXPECT_TRUE(decode_content(encode(content)));
  }
}

TEST(ContentCodec, UnknownBodyIsUnsupportedAndNotAnError) {
  Draw draw(62);
  Content content = draw.content(9);
  Bytes bytes = encode(content);
  // The body is the last field: 0xea 0x01 is field 29. Make it field 99, which does not exist.
  const std::size_t at = bytes.size() - 2 - 1 - 18;
  ASSERT_EQ(bytes[at], 0xea);
  ASSERT_EQ(bytes[at + 1], 0x01);
  bytes[at] = 0x9a;
  bytes[at + 1] = 0x06;
  EXPECT_EQ(decode_content(bytes).error().code, Errc::kUnsupported);
}

}  // namespace
}  // namespace nattevagt::wire
