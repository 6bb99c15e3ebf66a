// What a test measured or counted, for people: printed, and kept for the end of `./dev test`, since ctest shows
// what a test printed only when it failed. Never a verdict: those are expectations.
#pragma once

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

namespace nattevagt::testing {

// One or more whole lines. `about` names the file in the folder NATTEVAGT_REPORTS, one for each test that reports.
inline void report(const std::string& about, const std::string& lines) {
  std::cout << lines << std::flush;
  if (const char* folder = std::getenv("NATTEVAGT_REPORTS")) {
    std::ofstream(std::string(folder) + "/" + about + ".txt") << lines;
  }
}

}  // namespace nattevagt::testing
