// The same stage with screens: three devices of the cast are served by nattevagt-agent for a browser.
#pragma once

#include <atomic>

#include "tests/demo/stories.h"

namespace nattevagt::demo {

// For people (./dev demo --keep): prints the links; hands out a new one for each line on standard input that
// begins with the number of a screen; until `stop`.
void screens_for_people(Stage& stage, Cast& cast, const std::atomic<bool>& stop);

// For the browser tests: one JSON line {"event":"ready",...}, then one command a line on standard input, each
// answered by one JSON line, until standard input ends:
//   link NAME | stop NAME | start NAME | seconds | minutes | stop-hub | start-hub |
//   restart (everybody and the hub, off and on again: programs read their clock anew; answers the new links)
int screens_for_tests(Stage& stage, Cast& cast);

}  // namespace nattevagt::demo
