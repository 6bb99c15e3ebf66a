// What each command does, once, for both ways it is run: in the program itself and inside a running `serve`.
//
// begin() does at once what can be done and says what it waits for; the caller goes on running the client and
// asks again with done(). Nothing here waits.
#pragma once

#include <optional>

#include "client-lib/app/agent_socket.h"
#include "client-lib/app/arguments.h"
#include "client-lib/client.h"

namespace nattevagt::client::cli {

// Exit codes: 0 done; 1 refused; 2 not understood; 3 not sent (ring instead).
inline constexpr int kExitDone = 0;
inline constexpr int kExitRefused = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitNotSent = 3;

// A command that has put a message in the outbox and waits for the hub's receipt.
struct Waiting {
  Verb verb{};
  MessageId message;
  std::optional<AlertId> alert;
  std::optional<DutyChangeId> change;  // in place of a message: the hub's answer to a change of duty
  std::optional<DutyAnswered> change_answer;
  std::optional<RoleId> check_in;  // likewise: the hub's answer to a check-in
  std::optional<Errc> check_in_answer;
  std::optional<SuspensionId> suspension;  // likewise: its answer to a suspension, or to its end
  std::optional<SuspensionAnswered> suspension_answer;
  bool json = false;
  bool served = false;  // the outbox goes on after us
  Millis until{};       // monotonic
  std::optional<OwnMessage> answer;
  std::optional<Millis> answered_at;  // monotonic
  AgentReply so_far;

  void see(const Event& event);
};

struct Outcome {
  AgentReply reply;  // when nothing is waited for
  std::optional<Waiting> waiting;
};

// What the events have said of the link so far.
struct LinkState {
  bool connected = false;
  bool revoked = false;              // the hub's word, or a signed one
  std::optional<SuspensionView> suspended;  // this device, by a verified signature
  Errc reason = Errc::kUnavailable;  // of the last loss
  void see(const Event& event);
};

struct Place {  // where a command runs
  Client& client;
  Screen screen;
  bool served = false;  // inside `serve`
  LinkState link;
  Millis now{};  // monotonic
};

Outcome begin(const Arguments& arguments, const Place& place);
// The reply, when there is one: the message is stored or refused, or the patience is over.
std::optional<AgentReply> finished(Waiting& waiting, const Place& place);

// A refusal as a person or a script reads it.
AgentReply refusal(Errc code, std::string_view text, bool json, int exit_code = kExitRefused);

}  // namespace nattevagt::client::cli
