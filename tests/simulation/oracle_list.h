// Every oracle of the simulator: what must be true of every night, whatever breaks. Each has a mutant that it
// finds (mutants.h; a test looks), so that none can go blind unseen.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace nattevagt::simulation {

struct OracleInfo {
  std::string_view name;
  std::string_view what;
};
inline constexpr std::array<OracleInfo, 30> kOracles = {{
    // Safety, checked as it happens.
    {"recovery",
     "the hub starts again from what is on its disk, with the state that it had there, and without "
     "losing what it has answered for; a device takes its own store back"},
    {"audit-chain", "the audit's lines on the hub's disk are one chain to where the hub says that it ends"},
    {"audit", "what the lines tell of alerts, devices, grants, documents and roles is what the hub holds"},
    {"time", "the hub's line goes as the true time does while it runs (P-052)"},
    {"frames", "the hub can read what a device of a known version sends"},
    {"shown-once", "a message is shown once on a device, across crashes"},
    {"order", "messages are shown in their stream's order"},
    {"membership", "an entry reaches members alone, and nothing after the commit that removed them"},
    {"one-commit-an-epoch", "by what the ciphertext says, not by what the sender claims"},
    {"idempotent", "one entry for a message's bytes, one alert for a question"},
    {"key-package-once", "none is handed out twice but the last resort"},
    {"blindness", "no planted word in any frame or record"},
    {"taken-is-true", "'Overtaget af' is shown only of who has pressed take on that alert (P-053)"},
    {"ladder-order",
     "each of an alert's records is what the rules give: steps in order, each after its wait, its "
     "declines or with nobody reachable, everybody rung (ladder_twin.h)"},
    {"duty-truth",
     "who is on duty by swaps and take-overs, who is asked to check in, and which role is degraded "
     "or well again, is what the rules give (duty_twin.h); what was answered for is in the document"},
    {"promise", "the loud end comes by the time that the receipt promised (P-063)"},
    {"monotone", "what was shown as stored is not taken back; an ended alert stays ended"},
    {"told", "what is asked for is shown as stored, or as not sent, within the promised time"},
    {"bounds", "a night ends: nothing spins"},
    {"no-false-alarm", "an honest hub is never suspected"},
    // Liveness, checked when all is healed and time has passed.
    {"ladder-late", "the hub moves an alert when the rules say so; none climbs or waits for ever"},
    {"duty-late", "a role is degraded, and well again, within seconds of when the rules say so"},
    {"duty-told", "the unit's devices show it, and nothing of it when it is over"},
    {"duty-agreed", "whoever may be on duty knows whether she is, as the hub does"},
    {"loud", "what nobody took was loud on the asking unit's devices"},
    {"ring", "who is connected when a step names it hears it"},
    {"delivered", "every member shows what was stored"},
    {"agreement", "members agree on the group and on how the alert ended"},
    {"drained", "no outbox and no queue holds anything"},
    {"lie-noticed", "the device that was lied to says so"},
}};

constexpr bool is_oracle(std::string_view name) {
  return std::any_of(kOracles.begin(), kOracles.end(),
                     [&](const OracleInfo& info) { return info.name == name; });
}

// A name of the list; any other does not compile.
class OracleName {
 public:
  consteval OracleName(const char* name) : name_(name) {  // NOLINT(google-explicit-constructor)
    if (!is_oracle(name_)) throw "not in kOracles";
  }
  constexpr std::string_view view() const { return name_; }

 private:
  std::string_view name_;
};

}  // namespace nattevagt::simulation
