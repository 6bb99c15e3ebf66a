#include <gtest/gtest.h>

#include <utility>

#include "proto/wire/citizen.h"
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

// The first version of a plan, whatever was drawn.
PlanCard& first(Content& content) {
  PlanCard& card = body<PlanCard>(content);
  card.replaces.clear();
  card.version = 1;
  return card;
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
    {"rounds every four minutes (P-118)", 4,
     [](Content& c) {
       body<Advice>(c).rounds = Rounds{std::chrono::minutes(4), from_unix_ms(1'790'000'000'000)};
     },
     Errc::kInvalidValue},
    {"rounds every five hours (P-118)", 4,
     [](Content& c) {
       body<Advice>(c).rounds = Rounds{std::chrono::minutes(300), from_unix_ms(1'790'000'000'000)};
     },
     Errc::kInvalidValue},
    {"rounds without an end", 4,
     [](Content& c) { body<Advice>(c).rounds = Rounds{std::chrono::minutes(15), kNever}; }, Errc::kInvalidValue},
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
    {"opening about nobody", 17, [](Content& c) { body<Opening>(c).citizen = {}; }, Errc::kInvalidValue},
    {"opening with a CPR that is none", 17, [](Content& c) { body<Opening>(c).citizen.cpr = "9999999999"; },
     Errc::kInvalidValue},
    {"plan about nobody", 18, [](Content& c) { body<PlanCard>(c).citizen = {}; }, Errc::kInvalidValue},
    {"plan kind 0", 18, [](Content& c) { body<PlanCard>(c).kind = PlanKind{}; }, Errc::kInvalidValue},
    {"plan kind 5", 18, [](Content& c) { body<PlanCard>(c).kind = PlanKind{5}; }, Errc::kInvalidValue},
    {"plan version 0", 18, [](Content& c) { first(c).version = 0; }, Errc::kInvalidValue},
    {"plan version 2 that replaces none", 18, [](Content& c) { first(c).version = 2; }, Errc::kInvalidValue},
    {"plan version 1 that replaces one", 18, [](Content& c) { first(c).replaces.resize(1); },
     Errc::kInvalidValue},
    {"plan version past the last", 18,
     [](Content& c) {
       first(c).replaces.resize(1);
       first(c).version = limits::kPlanVersionMax + 1;
     },
     Errc::kInvalidValue},
    {"plan that replaces one twice", 18,
     [](Content& c) {
       first(c).replaces.resize(2);
       first(c).version = 2;
     },
     Errc::kInvalidValue},
    {"plan that replaces too many", 18,
     [](Content& c) { first(c).replaces.resize(limits::kPlanReplacesMax + 1); }, Errc::kTooLarge},
    {"plan's heading not UTF-8", 18, [](Content& c) { body<PlanCard>(c).readmission = "\xff"; },
     Errc::kInvalidValue},
    {"plan's heading too long", 18,
     [](Content& c) { body<PlanCard>(c).what = long_text(limits::kTextBytesMax + 1); }, Errc::kTooLarge},
    {"plan agreed on before 2020", 18, [](Content& c) { body<PlanCard>(c).agreed_on = LocalDay{}; },
     Errc::kInvalidValue},
    {"plan that is over before it begins", 18,
     [](Content& c) {
       body<PlanCard>(c).valid_until = body<PlanCard>(c).agreed_on - std::chrono::days(1);
     },
     Errc::kInvalidValue},
    {"plan of too many parties", 18,
     [](Content& c) { body<PlanCard>(c).parties.resize(limits::kPlanPartiesMax + 1); }, Errc::kTooLarge},
    {"party's role too long", 18,
     [](Content& c) { body<PlanCard>(c).parties.assign(1, {"x", long_text(201)}); }, Errc::kTooLarge},
    {"task kind 0", 20, [](Content& c) { body<Task>(c).kind = TaskKind{}; }, Errc::kInvalidValue},
    {"task kind 6", 20, [](Content& c) { body<Task>(c).kind = TaskKind{6}; }, Errc::kInvalidValue},
    {"task's text not UTF-8", 20, [](Content& c) { body<Task>(c).text = "\x80"; }, Errc::kInvalidValue},
    {"task due in 1970", 20, [](Content& c) { body<Task>(c).due = from_unix_ms(1); }, Errc::kInvalidValue},
    {"task for target kind 0", 20, [](Content& c) { body<Task>(c).whom.emplace(); }, Errc::kInvalidValue},
    {"task done at no time", 22, [](Content& c) { body<TaskDone>(c).at = kNever; }, Errc::kInvalidValue},
    {"task's reason too long", 22,
     [](Content& c) { body<TaskDone>(c).reason = long_text(limits::kTextBytesMax + 1); }, Errc::kTooLarge},
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

TEST(Citizen, IsTheSameByTheCprOrElseByTheName) {
  const Citizen kaje{"Kaje Test Hansen", "210300-9996"};
  EXPECT_EQ(same_citizen(kaje, {"K. Hansen", "2103009996"}), CitizenMatch::kCpr);
  EXPECT_EQ(same_citizen({"x", "070392-1vj5"}, {"y", "0703921VJ5"}), CitizenMatch::kCpr);
  EXPECT_EQ(same_citizen(kaje, {"  kaje  test\tHANSEN ", ""}), CitizenMatch::kName);
  EXPECT_EQ(same_citizen({"ÅSE ÆRØ É", ""}, {"åse ærø é", ""}), CitizenMatch::kName);
  // Two of one name, each with her own number, are two.
  EXPECT_EQ(same_citizen(kaje, {"Kaje Test Hansen", "250947-9989"}), std::nullopt);
  EXPECT_EQ(same_citizen({"Kaje Test Hansen", ""}, {"Kaje Hansen", ""}), std::nullopt);
  EXPECT_EQ(same_citizen({"", "210300-9996"}, {"", ""}), std::nullopt) << "no name is no likeness";
  EXPECT_EQ(same_citizen({" ", ""}, {"", ""}), std::nullopt);
}

TEST(PlanCard, EachOfItsFieldsIsUnderTheSignature) {
  Draw draw(70);
  PlanCard card;
  while (card.parties.empty() || card.replaces.empty() || card.what.empty() || card.who.empty()) {
    card = std::get<PlanCard>(draw.content(18).body);
  }
  const Digest whole = plan_card_hash(card);
  Content content = draw.content(18);
  content.body = card;
  EXPECT_EQ(plan_card_hash(std::get<PlanCard>(decode_content(encode(content))->body)), whole);
  const std::vector<void (*)(PlanCard&)> changes = {
      [](PlanCard& c) { c.citizen.name += "x"; },
      [](PlanCard& c) { c.citizen.cpr = "250947-9989"; },
      [](PlanCard& c) { c.kind = c.kind == PlanKind::kCrisisPlan ? PlanKind{1} : PlanKind::kCrisisPlan; },
      [](PlanCard& c) { ++c.version; },
      [](PlanCard& c) { c.replaces.pop_back(); },
      [](PlanCard& c) { c.what += "x"; },
      [](PlanCard& c) { c.who += "x"; },
      [](PlanCard& c) { c.readmission += "x"; },
      [](PlanCard& c) { c.advice += "x"; },
      [](PlanCard& c) { c.agreed_on -= std::chrono::days(1); },
      [](PlanCard& c) { c.valid_until += std::chrono::days(1); },
      [](PlanCard& c) { c.parties[0].name += "x"; },
      [](PlanCard& c) { c.parties[0].role += "x"; },
      [](PlanCard& c) { c.parties.pop_back(); },
      // What moves from one field into the next is not the same text.
      [](PlanCard& c) { c.who.insert(0, std::exchange(c.what, {})); },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    PlanCard changed = card;
    changes[i](changed);
    EXPECT_NE(plan_card_hash(changed), whole) << i;
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
