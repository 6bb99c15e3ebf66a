// Who is let in at nattevagt-agent, before and without any store: launch links, sessions, and what is
// refused.
#include <gtest/gtest.h>

#include "client-lib/agent/desk.h"
#include "tests/support/process.h"

namespace nattevagt::client::agent {
namespace {

class StillClock final : public Clock {
 public:
  Millis monotonic() override { return now; }
  UtcTime wall() override { return UtcTime(std::chrono::hours(24 * 365 * 56)) + now; }
  Millis now{1000};
};

constexpr PeerId kPage = 7;

struct AgentDesk : ::testing::Test {
  testing::TempDir dir;
  StillClock clock;
  SeededEntropy entropy{1};
  std::string pin_tried;
  Desk desk{{dir.path()},
            [this](const std::string& pin) -> Result<std::unique_ptr<Client>> {
              pin_tried = pin;
              return fail(Errc::kWrongPin, "test");
            },
            clock,
            entropy};

  struct Heard {
    std::string all;
    bool closed = false;
    bool says(const std::string& text) const { return all.find(text) != std::string::npos; }
  };
  Heard tell(const std::string& text, PeerId peer = kPage) {
    desk.on_text(peer, text);
    Heard heard;
    for (const auto& out : desk.take_outgoing()) {
      heard.all += out.text + "\n";
      heard.closed = heard.closed || (out.close && out.peer == peer);
    }
    return heard;
  }
  std::string hello(const std::string& token) const {
    return R"({"id":1,"do":"hello","v":1,"token":")" + token + R"("})";
  }
  void admit() { ASSERT_TRUE(tell(hello(desk.make_link_token())).says(R"("ok":true)")); }
};

TEST_F(AgentDesk, ALinkOpensOneSessionAndOnlyOnce) {
  const std::string token = desk.make_link_token();
  const Heard first = tell(hello(token));
  EXPECT_TRUE(first.says(R"("session":")"));
  EXPECT_TRUE(first.says(R"("locked":true)"));
  const Heard second = tell(hello(token), kPage + 1);
  EXPECT_TRUE(second.says("not_permitted"));
  EXPECT_TRUE(second.closed);
  EXPECT_FALSE(second.says(R"("event")"));
}

TEST_F(AgentDesk, ASessionServesTheSamePageAfterAReload) {
  const Heard first = tell(hello(desk.make_link_token()));
  const std::size_t at = first.all.find(R"("session":")") + 11;
  const std::string session = first.all.substr(at, first.all.find('"', at) - at);
  const Heard again = tell(R"({"id":1,"do":"hello","v":1,"session":")" + session + R"("})", kPage + 1);
  EXPECT_TRUE(again.says(R"("ok":true)"));
  EXPECT_FALSE(again.says(R"("session")"));
  EXPECT_TRUE(tell(R"({"id":1,"do":"hello","v":1,"session":"AAAA"})", kPage + 2).closed);
}

TEST_F(AgentDesk, ALinkThatIsTooOldIsNoLink) {
  const std::string token = desk.make_link_token();
  clock.now += kTokenLife;
  EXPECT_TRUE(tell(hello(token)).closed);
}

TEST_F(AgentDesk, WhoeverHasNotSaidHelloIsToldNothingAndIsShutOut) {
  for (const char* text :
       {R"({"id":1,"do":"search","words":"oxazepam"})", R"({"id":1,"do":"unlock","pin":"1234"})",
        R"({"id":1,"do":"talk","conversation":"00"})"}) {
    const Heard heard = tell(text);
    EXPECT_TRUE(heard.closed) << text;
    EXPECT_FALSE(heard.says("{")) << text;
  }
  EXPECT_TRUE(pin_tried.empty());
}

TEST_F(AgentDesk, WhatIsNotARequestEndsTheConnection) {
  admit();
  const std::string deep = R"({"id":1,"do":"ask","isbar":)" + std::string(200'000, '[') + "}";
  for (const std::string& text : {std::string("{"), std::string("[]"), std::string("\xFF\xFE"), deep}) {
    const Heard heard = tell(text);
    EXPECT_TRUE(heard.closed);
    EXPECT_FALSE(heard.says("{"));
  }
}

TEST_F(AgentDesk, AnUnknownFieldAMissingOneAndAWrongTypeAreRefused) {
  admit();
  for (const char* text : {R"({"id":2,"do":"unlock"})", R"({"id":2,"do":"unlock","pin":7})",
                           R"({"id":2,"do":"unlock","pin":"1234","as":"root"})"}) {
    EXPECT_TRUE(tell(text).says(R"("code":"malformed")")) << text;
  }
  EXPECT_TRUE(tell(R"({"id":2,"do":"unlock","pin":")" + std::string(2000, '1') + R"("})")
                  .says(R"("code":"too_large")"));
  EXPECT_TRUE(pin_tried.empty());
}

TEST_F(AgentDesk, WhileLockedEverythingButThePinIsRefused) {
  admit();
  EXPECT_TRUE(tell(R"({"id":2,"do":"search","words":"oxazepam"})").says(R"("code":"locked")"));
  EXPECT_TRUE(tell(R"({"id":3,"do":"unlock","pin":"0000"})").says(R"("code":"wrong_pin")"));
  EXPECT_EQ(pin_tried, "0000");
}

TEST_F(AgentDesk, AnAppOfAnotherVersionIsToldToUpgrade) {
  const Heard heard = tell(R"({"id":1,"do":"hello","v":2,"token":")" + desk.make_link_token() + R"("})");
  EXPECT_TRUE(heard.says("upgrade_required"));
  EXPECT_TRUE(heard.closed);
}

TEST_F(AgentDesk, APeerThatAsksWithoutEndIsShutOut) {
  admit();
  bool closed = false;
  for (std::uint32_t i = 0; i < kRequestsPerSecondMax * 10 && !closed; ++i) {
    closed = tell(R"({"id":2,"do":"awake"})").closed;
  }
  EXPECT_TRUE(closed);
}

TEST(AgentLaunch, KeepsTheNewestLinksOnly) {
  SeededEntropy entropy(2);
  Launch launch;
  const std::string first = launch.make_token(entropy, Millis(0));
  for (std::size_t i = 0; i < kTokensMax; ++i) static_cast<void>(launch.make_token(entropy, Millis(0)));
  EXPECT_FALSE(launch.redeem(first, entropy, Millis(1)).has_value());
  EXPECT_FALSE(launch.known("anything"));
}

}  // namespace
}  // namespace nattevagt::client::agent
