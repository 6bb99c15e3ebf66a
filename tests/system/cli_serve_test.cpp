// The other commands through a running `nattevagt serve`.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "tests/system/cli_world.h"

namespace nattevagt::testing {
namespace {

class CliServe : public ::testing::Test {
 protected:
  CliServe() {
    world_.enrol_unit();
    world_.enrol_ida();
  }
  // The first JSON event for which `wanted` holds.
  static Json wait_for(Process& process, const std::function<bool(const Json&)>& wanted) {
    const auto line = process.wait_for_line([&](const std::string& text) {
      const Json parsed = Json::parse(text, nullptr, false);
      return parsed.is_object() && wanted(parsed);
    });
    EXPECT_TRUE(line) << "waited in vain";
    return line ? Json::parse(*line) : Json();
  }
  CliWorld world_;
};

TEST_F(CliServe, DoesWhatTheOtherCommandsAskForAndShowsWhatComes) {
  const auto husb = world_.serve("husb");
  const auto ida = world_.serve("ida");
  struct stat info{};
  ASSERT_EQ(stat(world_.file("husb/agent.sock").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  ASSERT_EQ(stat(world_.file("husb").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);

  const std::string alert = world_.ask("hører stemmer");
  const Json rung =
      wait_for(*ida, [](const Json& e) { return e["event"] == "alert" && e["notice"] == "first"; });
  EXPECT_EQ(rung["alert"]["id"], alert);
  wait_for(*ida, [](const Json& e) { return e["event"] == "message" && e["message"]["kind"] == "ask"; });
  EXPECT_EQ(world_.run("ida", {"take"}).exit_code, 0);
  const Json taken = wait_for(
      *husb, [](const Json& e) { return e["event"] == "alert" && !e["alert"]["taken_by"].is_null(); });
  EXPECT_EQ(taken["alert"]["taken_by"]["name"], "Ida Eksempel");
  EXPECT_TRUE(world_.run("husb", {"history"}).says("Jeg tager den"));
  EXPECT_EQ(world_.json("husb", {"status"}).last()["served"], true);
  const auto bogus = world_.run("husb", {"take", "--bogus"});
  EXPECT_EQ(bogus.exit_code, 2);
}

TEST_F(CliServe, SendsWhatWasAskedWhileTheHubWasAway) {
  const auto husb = world_.serve("husb");
  world_.stop_hub();
  wait_for(*husb, [](const Json& e) { return e["event"] == "disconnected"; });
  const auto asked =
      world_.run("husb", {"ask", "--severity", "rød", "-s", "mens hubben var væk", "--patience", "500ms"});
  EXPECT_EQ(asked.exit_code, 3);
  EXPECT_TRUE(asked.says("IKKE SENDT – ring i stedet:")) << asked.output;
  EXPECT_TRUE(asked.says("sendes, når nettet er tilbage")) << asked.output;
  world_.start_hub();
  wait_for(*husb, [](const Json& e) { return e["event"] == "own" && e["delivery"] == "stored"; });
  EXPECT_TRUE(world_.run("ida", {"history"}).says("mens hubben var væk"));
}

TEST_F(CliServe, OneServesAHomeAndAKilledOneIsReplaced) {
  auto first = world_.serve("ida");
  const auto second = world_.run("ida", {"serve"});
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_TRUE(second.says("kører allerede")) << second.output;
  first->kill_nine();
  const auto alone = world_.run("ida", {"status"});
  EXPECT_EQ(alone.exit_code, 0) << alone.output;
  first = world_.serve("ida");
  first->signal(SIGTERM);
  const auto finished = first->wait();
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_TRUE(is_event(first->lines().back(), "stopped"));
  EXPECT_NE(access(world_.file("ida/agent.sock").c_str(), F_OK), 0);
}

TEST_F(CliServe, AServeThatBreaksOffIsNotOutrunByASecondTry) {
  // Somebody who takes the request and hangs up without a word: it may have been done, so it is not done
  // again.
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = world_.file("husb/agent.sock");
  ASSERT_LT(path.size(), sizeof address.sun_path);
  std::copy(path.begin(), path.end(), address.sun_path);
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  std::thread serving([listener] {
    const int peer = accept(listener, nullptr, nullptr);
    char byte = 0;
    (void)recv(peer, &byte, 1, 0);
    close(peer);
  });
  const auto asked = world_.run("husb", {"ask", "--severity", "rød", "-s", "x"});
  serving.join();
  close(listener);
  EXPECT_EQ(asked.exit_code, 3) << asked.output;
  EXPECT_TRUE(asked.says("svarer ikke")) << asked.output;
  EXPECT_TRUE(world_.run("ida", {"alerts"}).says("Ingen åbne kald."));
}

TEST_F(CliServe, TwoTakersAndTheSecondHearsWhoWasFirst) {
  world_.enrol("rune", {"--person", "Rune Eksempel"});
  const auto ida = world_.serve("ida");
  const auto rune = world_.serve("rune");
  world_.ask("hvem tager den?");
  wait_for(*rune, [](const Json& e) { return e["event"] == "message"; });
  wait_for(*ida, [](const Json& e) { return e["event"] == "message"; });
  // Both at once: whoever the hub stored first has it, the other one hears the name.
  const auto start = [&](const char* home) {
    ProcessOptions options;
    options.arguments = {bin_dir() + "/nattevagt", "take", "--home", world_.file(home)};
    return std::make_unique<Process>(std::move(options));
  };
  const auto one = start("ida");
  const auto two = start("rune");
  const auto of_ida = one->wait();
  const auto of_rune = two->wait();
  EXPECT_EQ((of_ida.exit_code == 0) + (of_rune.exit_code == 0), 1) << of_ida.output << of_rune.output;
  const std::string& loser = of_ida.exit_code == 0 ? of_rune.output : of_ida.output;
  EXPECT_NE(loser.find("Allerede overtaget af "), std::string::npos) << loser;
  EXPECT_NE(loser.find("Eksempel"), std::string::npos) << loser;
}

}  // namespace
}  // namespace nattevagt::testing
