// nattevagt-mls-peer and its pipe: whatever the line holds, one answer comes and the client goes on.
#include <gtest/gtest.h>

#include "proto/common/bytes.h"
#include "proto/common/entropy.h"
#include "tests/interop/peer_process.h"

namespace nattevagt::mls::interop {
namespace {

struct MlsPeer : ::testing::Test {
  void SetUp() override { EXPECT_TRUE(peer.call({"init", {{"identity", std::string("a")}}}).ok); }
  PeerProcess peer{our_peer(1)};
  PeerProcess other{our_peer(2)};

  std::string error(const Request& request) {
    const Reply reply = peer.call(request);
    EXPECT_FALSE(reply.ok) << request.op;
    return reply["error"];
  }
  void create() { EXPECT_TRUE(peer.call({"create", {{"group_id", std::string("01")}}}).ok); }
};

TEST_F(MlsPeer, AnswersGarbageAndGoesOn) {
  const std::vector<std::string> garbage = {"",
                                            " ",
                                            "x",
                                            "{",
                                            "[]",
                                            "null",
                                            "7",
                                            "\"op\"",
                                            "{}",
                                            R"({"op":null})",
                                            R"({"op":7})",
                                            R"({"op":[]})",
                                            R"({"op":""})",
                                            R"({"op":"no such"})",
                                            R"({"op":"state"} trailing)",
                                            R"({"op":"state","op":{}})",
                                            R"({"op":{"op":{"op":{"op":{"op":1}}}}})",
                                            "{\"op\":\"\xff\xfe\"}",
                                            std::string(100'000, '['),
                                            std::string("\0\0", 2)};
  for (const std::string& line : garbage) {
    peer.ask_line(line);
    const Reply reply = peer.answer();
    EXPECT_FALSE(reply.ok) << line.substr(0, 60);
    EXPECT_FALSE(reply["error"].empty() || reply["error"].starts_with("gone")) << line.substr(0, 60);
  }
  create();
  EXPECT_TRUE(peer.call({"state"}).ok);
  EXPECT_EQ(peer.finish(), 0);
}

TEST_F(MlsPeer, RefusesALineOfMoreThanItsLimit) {
  peer.ask_line(R"({"op":"init","identity":")" + std::string(9 * 1024 * 1024, 'a') + "\"}");
  EXPECT_FALSE(peer.answer().ok);
  create();
}

TEST_F(MlsPeer, NamesTheFieldThatIsWrong) {
  create();
  EXPECT_EQ(error({"process"}), "message: missing");
  EXPECT_EQ(error({"process", {{"message", true}}}), "message: not a text");
  EXPECT_EQ(error({"process", {{"message", std::string("0")}}}), "message: not hex");
  EXPECT_EQ(error({"process", {{"message", std::string("zz")}}}), "message: not hex");
  EXPECT_EQ(error({"propose_remove", {{"index", std::string("0")}}}), "index: not a leaf index");
  EXPECT_EQ(error({"commit", {{"removes", std::string("0")}}}), "removes: not a list");
  EXPECT_EQ(error({"commit", {{"adds", std::vector<std::uint32_t>{1}}}}), "adds: not a text");
  EXPECT_EQ(error({"commit", {{"path", std::string("yes")}}}), "path: not true or false");
  for (const char* index : {"-1", "1.5", "4294967296", "1e999", "99999999999999999999"}) {
    peer.ask_line(std::string(R"({"op":"propose_remove","index":)") + index + "}");
    EXPECT_FALSE(peer.answer().ok) << index;
  }
  EXPECT_EQ(peer.call({"state"}).state->epoch, 0u);
}

TEST_F(MlsPeer, RefusesWhatComesInTheWrongOrder) {
  EXPECT_EQ(other.call({"key_package"})["error"], "init comes first");
  EXPECT_EQ(error({"init", {{"identity", std::string("b")}}}), "init: this client has its name");
  for (const char* op : {"state", "commit", "apply", "discard", "group_info", "propose_update"}) {
    EXPECT_EQ(error({op}), "no group yet") << op;
  }
  create();
  EXPECT_FALSE(error({"apply"}).empty());
  EXPECT_EQ(error({"discard"}), "discard: no commit waits");
  EXPECT_TRUE(peer.call({"commit"}).ok);
  EXPECT_FALSE(error({"commit"}).empty());  // one waits
  EXPECT_TRUE(peer.call({"apply"}).ok);
  EXPECT_EQ(peer.call({"state"}).state->epoch, 1u);
  EXPECT_FALSE(error({"propose_remove", {{"index", std::uint32_t{7}}}}).empty());
  EXPECT_FALSE(error({"commit", {{"removes", std::vector<std::uint32_t>{0}}}}).empty());  // ourselves
}

TEST_F(MlsPeer, RefusesMessagesOfAnotherKindThanItsFieldAsks) {
  create();
  const std::string package = peer.call({"key_package"})["key_package"];
  const std::string info = peer.call({"group_info"})["group_info"];
  EXPECT_FALSE(error({"process", {{"message", package}}}).empty());
  EXPECT_FALSE(error({"join", {{"welcome", package}}}).empty());
  EXPECT_FALSE(error({"external_join", {{"group_info", package}}}).empty());
  EXPECT_FALSE(error({"propose_add", {{"key_package", info}}}).empty());
  EXPECT_FALSE(error({"commit", {{"adds", std::vector<std::string>{info}}}}).empty());
  EXPECT_EQ(peer.call({"state"}).state->epoch, 0u);
}

TEST_F(MlsPeer, ComesBackUnderItsNameAfterANewStart) {
  create();
  EXPECT_TRUE(other.call({"init", {{"identity", std::string("b")}}}).ok);
  const std::string info = peer.call({"group_info"})["group_info"];
  const std::string first = other.call({"external_join", {{"group_info", info}}})["commit"];
  EXPECT_EQ(peer.call({"process", {{"message", first}}})["kind"], "commit");
  PeerProcess again{our_peer(3)};
  EXPECT_TRUE(again.call({"init", {{"identity", std::string("b")}}}).ok);
  const std::string next = peer.call({"group_info"})["group_info"];
  const Reply back = again.call({"external_join", {{"group_info", next}, {"resync", true}}});
  ASSERT_TRUE(back.state.has_value()) << back["error"];
  EXPECT_EQ(back.state->members, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(peer.call({"process", {{"message", back["commit"]}}}).state->authenticator,
            back.state->authenticator);
  EXPECT_EQ(other.call({"process", {{"message", back["commit"]}}})["kind"], "removed");
}

TEST_F(MlsPeer, NeedsALeafToResync) {
  create();
  EXPECT_TRUE(other.call({"init", {{"identity", std::string("b")}}}).ok);
  const std::string info = peer.call({"group_info"})["group_info"];
  const Reply refused = other.call({"external_join", {{"group_info", info}, {"resync", true}}});
  EXPECT_EQ(refused["error"], "resync: we have no leaf in that group");
}

// Every message cut short, and with each of some bytes changed: refused, and the client is as it was.
TEST_F(MlsPeer, IsAsItWasAfterAMessageThatWasChanged) {
  EXPECT_TRUE(other.call({"init", {{"identity", std::string("b")}}}).ok);
  create();
  const std::string package = other.call({"key_package"})["key_package"];
  const Reply made = peer.call({"commit", {{"adds", std::vector<std::string>{package}}}});
  const Reply before = peer.call({"apply"});
  SeededEntropy dice(5);
  const auto changed = [&](std::string hex) {
    std::array<std::uint8_t, 4> draw{};
    dice.fill(draw);
    const std::size_t at = (std::size_t{draw[0]} << 16 | std::size_t{draw[1]} << 8 | draw[2]) % hex.size();
    if (draw[3] % 4 == 0) return hex.substr(0, at / 2 * 2);
    hex[at] = hex[at] == '0' ? 'f' : '0';
    return hex;
  };
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(other.call({"join", {{"welcome", changed(made["welcome"])}}}).ok);
  }
  const Reply joined = other.call({"join", {{"welcome", made["welcome"]}}});
  ASSERT_TRUE(joined.state.has_value()) << joined["error"];
  EXPECT_EQ(joined.state->authenticator, before.state->authenticator);
  const std::string commit = other.call({"commit", {{"path", true}, {"private", false}}})["commit"];
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(peer.call({"process", {{"message", changed(commit)}}}).ok);
  }
  EXPECT_EQ(peer.call({"process", {{"message", commit}}})["kind"], "commit");
  EXPECT_EQ(peer.call({"state"}).state->authenticator, other.call({"apply"}).state->authenticator);
}

}  // namespace
}  // namespace nattevagt::mls::interop
