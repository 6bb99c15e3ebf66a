#include "broker/app/keys.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "proto/common/system.h"
#include "tests/unit/broker_io/temp_folder.h"

namespace nattevagt::broker {
namespace {

class KeysTest : public ::testing::Test {
 protected:
  std::string text() const {
    std::ifstream file(path_);
    std::ostringstream out;
    out << file.rdbuf();
    return out.str();
  }
  void write(const std::string& text) { std::ofstream(path_) << text; }
  Errc error() const {
    const auto keys = load_keys(path_);
    return keys ? Errc{} : keys.error().code;
  }
  nattevagt::testing::TempFolder folder_;
  std::string path_ = folder_.file("hub.keys");
  SystemEntropy entropy_;
};

TEST_F(KeysTest, ComeBackAsTheyWereAndAreNeverWrittenOver) {
  const HubKeys keys = HubKeys::generate(entropy_);
  ASSERT_TRUE(save_keys(keys, path_));
  const auto loaded = load_keys(path_);
  ASSERT_TRUE(loaded);
  EXPECT_TRUE(loaded->curve == keys.curve);
  EXPECT_TRUE(loaded->journal == keys.journal);
  EXPECT_EQ(loaded->sign.public_key(), keys.sign.public_key());
  EXPECT_EQ(save_keys(keys, path_).error().code, Errc::kAlreadyExists);
}

TEST_F(KeysTest, AreForTheirOwnerAlone) {
  ASSERT_TRUE(save_keys(HubKeys::generate(entropy_), path_));
  struct stat info{};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  for (const mode_t mode : {0604U, 0620U, 0644U, 0666U}) {
    ::chmod(path_.c_str(), mode);
    EXPECT_EQ(error(), Errc::kNotPermitted) << mode;
  }
  ::chmod(path_.c_str(), 0440);  // as systemd gives credentials
  EXPECT_EQ(error(), Errc{});
}

TEST_F(KeysTest, ADamagedFileIsSaidToBe) {
  EXPECT_EQ(error(), Errc::kNotFound);
  ASSERT_TRUE(save_keys(HubKeys::generate(entropy_), path_));
  const std::string good = text();
  for (const std::string& bad :
       {good.substr(0, good.size() - 2), good + "x", std::string(), good.substr(1),
        std::string(good).replace(30, 1, "g"), std::string(good).replace(30, 1, "A")}) {
    write(bad);
    EXPECT_EQ(error(), Errc::kMalformed);
  }
  write(good);
  EXPECT_EQ(error(), Errc{});
}

}  // namespace
}  // namespace nattevagt::broker
