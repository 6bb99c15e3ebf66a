#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <thread>

#include "client-lib/app/agent_socket.h"
#include "tests/support/process.h"

namespace nattevagt::client::cli {
namespace {

constexpr Millis kHang = std::chrono::seconds(60);

TEST(AgentRequest, SurvivesTheWireHoweverItIsCut) {
  const AgentRequest request{{"say", "Det er faldet til ro.\nÆØÅ", ""}, {true, 132}};
  const Bytes bytes = encode_agent_request(request);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto part = decode_agent_request(ByteView(bytes).first(size));
    ASSERT_TRUE(part) << size;
    EXPECT_FALSE(part->has_value()) << size;
  }
  const auto whole = decode_agent_request(bytes);
  ASSERT_TRUE(whole && whole->has_value());
  EXPECT_EQ((*whole)->words, request.words);
  EXPECT_TRUE((*whole)->screen.colour);
  EXPECT_EQ((*whole)->screen.columns, 132);
}

TEST(AgentRequest, RefusesAnotherFormAndWhatIsPastALimit) {
  EXPECT_EQ(decode_agent_request(as_bytes("GET / HTTP/1.1\r\n")).error().code, Errc::kMalformed);
  Bytes bytes = encode_agent_request({{"take"}, {}});
  bytes.push_back(0);
  EXPECT_EQ(decode_agent_request(bytes).error().code, Errc::kMalformed) << "something after the end";
  bytes.pop_back();
  bytes[4] = 2;
  EXPECT_EQ(decode_agent_request(bytes).error().code, Errc::kMalformed) << "an unknown flag";
  EXPECT_EQ(decode_agent_request(encode_agent_request({{}, {}})).error().code, Errc::kMalformed);
  EXPECT_EQ(decode_agent_request(encode_agent_request({std::vector<std::string>(kAgentWordsMax + 1), {}}))
                .error()
                .code,
            Errc::kTooLarge);
  EXPECT_EQ(decode_agent_request(encode_agent_request({{std::string(kAgentRequestBytesMax, 'x')}, {}}))
                .error()
                .code,
            Errc::kTooLarge);
  // A length alone must not make anybody wait for 4 GiB.
  Bytes huge = encode_agent_request({{"x"}, {}});
  huge[9] = 0xFF;
  EXPECT_EQ(decode_agent_request(huge).error().code, Errc::kTooLarge);
}

class AgentSocket : public ::testing::Test {
 protected:
  // Serves until `count` requests were answered.
  void serve(AgentServer& server, std::size_t count) {
    for (std::size_t answered = 0; answered < count;) {
      for (const auto& asked : server.accept_and_read()) {
        server.reply(asked.peer, {"hørt: " + asked.request.words.front(), "fejl", 3});
        ++answered;
      }
      std::this_thread::yield();
    }
  }
  testing::TempDir dir_;
  std::string path_ = dir_.file("agent.sock");
};

TEST_F(AgentSocket, AnswersWithBothStreamsAndTheExitCode) {
  auto server = AgentServer::listen(path_);
  ASSERT_TRUE(server);
  std::thread thread([&] { serve(*server, 1); });
  const auto reply = ask_agent(path_, {{"take"}, {}}, kHang);
  thread.join();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->out, "hørt: take");
  EXPECT_EQ(reply->err, "fejl");
  EXPECT_EQ(reply->exit_code, 3);
}

TEST_F(AgentSocket, IsForItsOwnerAlone) {
  const auto server = AgentServer::listen(path_);
  ASSERT_TRUE(server);
  struct stat info{};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(AgentSocket, OneServesAndWhatAKilledOneLeftIsReplaced) {
  EXPECT_EQ(ask_agent(path_, {{"x"}, {}}, kHang).error().code, Errc::kUnavailable);
  {
    const auto first = AgentServer::listen(path_);
    ASSERT_TRUE(first);
    EXPECT_EQ(AgentServer::listen(path_).error().code, Errc::kAlreadyExists);
  }
  EXPECT_NE(access(path_.c_str(), F_OK), 0) << "an orderly end leaves nothing";
  // A bound socket that nobody listens on, as a killed process leaves it.
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::copy(path_.begin(), path_.end(), address.sun_path);
  const int left = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(bind(left, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  close(left);
  EXPECT_EQ(ask_agent(path_, {{"x"}, {}}, kHang).error().code, Errc::kUnavailable);
  EXPECT_TRUE(AgentServer::listen(path_));
}

TEST_F(AgentSocket, ThrowsOutWhoeverSendsSomethingElse) {
  auto server = AgentServer::listen(path_);
  ASSERT_TRUE(server);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::copy(path_.begin(), path_.end(), address.sun_path);
  const int peer = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(connect(peer, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(send(peer, "nonsense", 8, 0), 8);
  char byte = 0;
  EXPECT_TRUE(server->accept_and_read().empty());
  EXPECT_LE(recv(peer, &byte, 1, 0), 0) << "hung up";
  close(peer);
  std::thread thread([&] { serve(*server, 1); });
  EXPECT_TRUE(ask_agent(path_, {{"still here"}, {}}, kHang));
  thread.join();
}

TEST_F(AgentSocket, ServesAfterMorePeersThanItHolds) {
  auto server = AgentServer::listen(path_);
  ASSERT_TRUE(server);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::copy(path_.begin(), path_.end(), address.sun_path);
  std::vector<int> silent;
  for (std::size_t i = 0; i < kAgentPeersMax; ++i) {
    silent.push_back(socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(connect(silent.back(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  EXPECT_TRUE(server->accept_and_read().empty());
  for (const int peer : silent) close(peer);
  std::thread thread([&] { serve(*server, 1); });
  EXPECT_TRUE(ask_agent(path_, {{"take"}, {}}, kHang));
  thread.join();
}

TEST(AgentSocketPath, TooLongForASocketIsSaid) {
  EXPECT_EQ(AgentServer::listen("/tmp/" + std::string(200, 'x')).error().code, Errc::kInvalidValue);
}

}  // namespace
}  // namespace nattevagt::client::cli
