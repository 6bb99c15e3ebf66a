#include "proto/wire/cpr.h"

#include <gtest/gtest.h>

namespace nattevagt::wire {
namespace {

TEST(Cpr, TakesNumbersThatFailModulus11) {
  // MedCom's test citizens and our own; the first three fail modulus 11.
  for (const char* cpr : {"250947-9989", "210300-9996", "2509479989", "070761-4285", "0101701234"}) {
    EXPECT_TRUE(is_cpr(cpr)) << cpr;
  }
}

TEST(Cpr, TakesReplacementNumbers) {
  for (const char* cpr : {"0703921VJ5", "070392-1VJ5", "070392AAA1", "6703921234", "9112991234"}) {
    EXPECT_TRUE(is_cpr(cpr)) << cpr;
  }
}

TEST(Cpr, RefusesWhatHasNotTheShape) {
  for (const char* cpr :
       {"", "1", "210300", "210300-999", "210300-99966", "2103009996 ", " 2103009996", "210300 9996",
        "21030-09996", "21030a9996", "2103009x96", "210300-99\xc3\xa6", "A103009996", "210300--996"}) {
    EXPECT_FALSE(is_cpr(cpr)) << cpr;
  }
}

TEST(Cpr, RefusesDatesThatDoNotExist) {
  for (const char* cpr :
       {"0001701234", "3202701234", "3004701234x", "3104701234", "0113701234", "0100701234", "3002701234",
        "6001701x34", "9202991234", "9902991234", "6000991234", "310292-1VJ5"}) {
    EXPECT_FALSE(is_cpr(cpr)) << cpr;
  }
}

TEST(Cpr, LeapDayFollowsTheCenturyInTheSeventhDigit) {
  EXPECT_TRUE(is_cpr("2902004123"));   // 2000
  EXPECT_FALSE(is_cpr("2902000123"));  // 1900
  EXPECT_TRUE(is_cpr("2902005123"));   // 2000
  EXPECT_TRUE(is_cpr("2902040123"));   // 1904
  EXPECT_TRUE(is_cpr("2902965123"));   // 1896
  EXPECT_FALSE(is_cpr("2902975123"));  // 1897
  EXPECT_FALSE(is_cpr("2902019123"));  // 2001
  EXPECT_TRUE(is_cpr("290200AAA1"));   // no century: 2000 will do
  EXPECT_FALSE(is_cpr("290201AAA1"));
}

}  // namespace
}  // namespace nattevagt::wire
