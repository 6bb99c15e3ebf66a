// The command line as a value. Parsed in one place, for both ways a command is run: in the program itself, or
// inside a running `nattevagt serve` that was asked over its socket.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client-lib/client.h"
#include "proto/common/clock.h"
#include "proto/wire/content.h"
#include "proto/wire/identity.h"

namespace nattevagt::client::cli {

enum class Verb : std::uint8_t {
  // The organisation's side: works in an organisation's home
  kOrgInit,
  kOrgShow,
  kOrgCard,
  kOrgTrust,
  kRosterCheck,
  kRosterPublish,
  kRotaPublish,
  kRotaNow,
  kRotaCheck,
  kRotaSwap,
  kRotaAccept,
  kRotaTakeOver,
  kGrant,
  kDevices,
  kRevoke,
  kLift,
  kAuditHead,
  kAuditVerify,
  // A device's side
  kEnrol,
  kServe,
  kWatch,
  // A device's side; a running `serve` does these when there is one
  kAuthor,
  kAsk,
  kTake,
  kDecline,
  kHandOver,
  kSay,
  kMedicine,
  kAdvise,
  kReadBack,
  kVerdict,
  kDone,
  kReserve,
  kClose,
  kWithdraw,
  kInvite,
  kAlerts,
  kHistory,
  kSearch,
  kExport,
  kStatus,
  // Duty by one's own hand: the rota's commands without a file
  kDutySwap,
  kDutyAccept,
  kDutyTakeOver,
  kDutyNow,
  kDutyCheckIn,
  kSuspend,
};

struct Arguments {
  Verb verb{};
  // Everywhere
  std::string home;  // empty: ~/.local/share/nattevagt
  std::string pin_file;
  bool json = false;
  bool offline = false;  // do not ask the hub first
  Millis patience = std::chrono::seconds(10);
  // What it is about
  std::string id;    // an alert, a conversation, an advice, a read-back; prefix or "latest"
  std::string text;  // the free text, reason, choice, words, name, link or file
  std::string out_file;
  bool mark = false;                // export: "Ført i journal"
  HistoryPage page;                 // history: which part; search: `limit` alone
  std::size_t skip = 0;             // search
  bool correct = false;             // verdict
  bool not_done = false;            // done
  bool observation = false;         // say
  bool undo = false;                // suspend
  bool read_back_required = false;  // advise
  std::optional<wire::Medicine> medicine;
  wire::MedicineQuestion medicine_question;
  // ask, say
  std::optional<wire::Severity> severity;
  wire::Situation situation = wire::Situation::kOther;
  wire::Citizen citizen;
  bool alone = false;
  bool drill = false;
  std::string callback;
  wire::IsbarForm isbar;
  std::string author, profession;  // who holds the unit's phone
  // The organisation
  std::string name;
  std::string hub_file, endpoint, hub_curve, hub_sign;
  std::string person, unit, recorder, device;
  Millis valid_for{}, certificate_lifetime{};  // 0: the default
  // The rota
  std::string role, gives, takes, accept_gaps;
  std::string from, until, at;  // as written: a date or a moment
  unsigned weeks = 1;
  bool cheap_key = false;                      // tests: little work on the PIN or passphrase
};

// `rota swap`, `accept`, `take-over` and `now` (also `status`) mean the device's own duty where its home is a
// device's and no file was named.
Verb as_device_verb(const Arguments& arguments) noexcept;
bool is_organisation_verb(Verb verb) noexcept;
bool works_on_rota_file(const Arguments& arguments) noexcept;  // needs neither keys nor hub
bool is_incident_verb(Verb verb) noexcept;  // those that a running `serve` does
bool sends(Verb verb) noexcept;             // those that make a message

// What the words said: either arguments, or what to print and the exit code (help 0, not understood 2).
struct Parsed {
  std::optional<Arguments> arguments;
  std::string print;
  int exit_code = 0;
};
// Without the program's name. Help and faults are Danish, as the rest of what staff see.
Parsed parse_arguments(const std::vector<std::string>& words);

// Danish, the English key, or the text of the list: "psykose", "psychosis", "Forværring, psykose eller uro".
std::optional<wire::Situation> parse_situation(std::string_view text);

}  // namespace nattevagt::client::cli
