// What people say to each other, inside the encryption (PROTOCOL.md section 7). The hub never sees a value of
// these types; broker/ may not include this header.
//
// An encoded Content is signed by the author's device, wrapped as SignedContent, padded by MLS, encrypted.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "proto/common/clock.h"
#include "proto/common/crypto.h"
#include "proto/common/ids.h"
#include "proto/wire/content_limits.h"
#include "proto/wire/identity.h"
#include "proto/wire/rota.h"

namespace nattevagt::wire {

enum class Situation : std::uint8_t {
  kSuicidal = 1, kViolence = 2, kPsychosis = 3, kMedRefused = 4, kPrn = 5, kIntox = 6,
  kMissing = 7, kSomatic = 8, kSideEffect = 9, kReadmission = 10, kRelative = 11, kOther = 12,
};

struct Citizen {
  std::string name;                    // free text as the unit writes it
  std::string cpr;                     // shape and date are checked, modulus 11 never (domain, finding 8)
  friend bool operator==(const Citizen&, const Citizen&) = default;
};

// Partial is allowed: "Send nu – udfyld resten bagefter".
struct IsbarForm {
  std::string identification, situation, background, analysis, recommendation;
  friend bool operator==(const IsbarForm&, const IsbarForm&) = default;
};

struct AdviceRequest {                 // the first message of an incident
  AlertId alert;
  Severity severity{};
  Situation kind{};
  Citizen citizen;
  bool alone = false;                  // "Jeg er alene på vagt"
  std::string callback;                // number to ring back
  IsbarForm isbar;
  bool drill = false;
  friend bool operator==(const AdviceRequest&, const AdviceRequest&) = default;
};
struct IsbarAddition {                 // the original stays as it was
  IsbarForm isbar;
  friend bool operator==(const IsbarAddition&, const IsbarAddition&) = default;
};
struct MedicineQuestion {
  std::string drug, dose, last_given, tried_prn, allergies, vital_signs, question;
  friend bool operator==(const MedicineQuestion&, const MedicineQuestion&) = default;
};
struct Text {
  std::string text;
  friend bool operator==(const Text&, const Text&) = default;
};
struct Medicine {                      // what an advice orders; all of it must be read back
  std::string drug, dose, when, maximum;
  friend bool operator==(const Medicine&, const Medicine&) = default;
};
struct Rounds {                        // "Se til hende hvert 15. minut til kl. 04" (P-118)
  static constexpr std::chrono::minutes kEveryMin{5}, kEveryMax{240};
  std::chrono::minutes every{};
  UtcTime until;
  friend bool operator==(const Rounds&, const Rounds&) = default;
};
struct Advice {
  AlertId alert;
  std::string text;
  bool read_back_required = false;
  std::optional<Medicine> medicine;    // present: read_back_required is true (P-073)
  std::optional<Rounds> rounds = {};
  friend bool operator==(const Advice&, const Advice&) = default;
};
struct ReadBack {
  MessageId advice;
  std::string text;
  friend bool operator==(const ReadBack&, const ReadBack&) = default;
};
struct ReadBackVerdict {
  MessageId read_back;
  bool correct = false;
  friend bool operator==(const ReadBackVerdict&, const ReadBackVerdict&) = default;
};
struct Done {                          // done or not done
  MessageId advice;
  bool done = true;
  std::string reason;                  // when not done
  UtcTime at;
  friend bool operator==(const Done&, const Done&) = default;
};
struct Observation {
  std::string text;
  UtcTime at;
  friend bool operator==(const Observation&, const Observation&) = default;
};
struct Take {
  AlertId alert;
  friend bool operator==(const Take&, const Take&) = default;
};
struct Decline {
  AlertId alert;
  std::string reason;
  friend bool operator==(const Decline&, const Decline&) = default;
};
struct ReserveUsed {                   // "Ringet 112"
  AlertId alert;
  std::string choice;
  friend bool operator==(const ReserveUsed&, const ReserveUsed&) = default;
};
struct Withdraw {
  AlertId alert;
  std::string reason;
  friend bool operator==(const Withdraw&, const Withdraw&) = default;
};
struct Close {
  AlertId alert;
  friend bool operator==(const Close&, const Close&) = default;
};
enum class SeenStage : std::uint8_t { kOnDevice = 1, kSeen = 2 };
struct Seen {                          // a person's receipt; never stops a ladder
  MessageId message;
  SeenStage stage{};
  friend bool operator==(const Seen&, const Seen&) = default;
};
struct JournalMark {                   // "Ført i journal kl. 04.02"
  Digest export_hash{};
  UtcTime at;
  friend bool operator==(const JournalMark&, const JournalMark&) = default;
};

struct HandOver {                      // P-116: the taker asks a named person to have it instead
  AlertId alert;
  PersonId to;
  friend bool operator==(const HandOver&, const HandOver&) = default;
};

// ---- Conversations about a citizen (section 16)
struct Opening {                       // P-160: the first message of a conversation that no alert began
  Citizen citizen;                     // a name or a CPR at least
  friend bool operator==(const Opening&, const Opening&) = default;
};
enum class PlanKind : std::uint8_t {
  kDischargeAgreement = 1, kCoordinationPlan = 2, kCoordinatedAction = 3, kCrisisPlan = 4,
};
struct PlanParty {
  std::string name, role;
  friend bool operator==(const PlanParty&, const PlanParty&) = default;
};
struct PlanCard {                      // P-161
  Citizen citizen;
  PlanKind kind{};
  std::uint32_t version = 1;           // one more than the highest that it replaces
  std::vector<MessageId> replaces;     // ascending: the versions that stood when it was written
  std::string what, who, readmission, advice;
  LocalDay agreed_on{}, valid_until{};  // the last day on which it holds
  std::vector<PlanParty> parties;
  friend bool operator==(const PlanCard&, const PlanCard&) = default;
};
struct PlanCardSigned {                // P-162
  MessageId card;
  Digest hash{};                       // plan_card_hash() of what its signer has read
  friend bool operator==(const PlanCardSigned&, const PlanCardSigned&) = default;
};
enum class TaskKind : std::uint8_t { kPromise = 1, kObserve = 2, kMedicine = 3, kReport = 4, kOther = 5 };
struct Task {                          // P-165
  TaskKind kind{};
  std::string text;
  std::optional<UtcTime> due;
  std::optional<Target> whom;          // none: nobody in particular
  friend bool operator==(const Task&, const Task&) = default;
};
struct TaskTaken {                     // P-166: by name, in front of all
  MessageId item;                      // a task, or an advice that is open
  friend bool operator==(const TaskTaken&, const TaskTaken&) = default;
};
struct TaskDone {
  MessageId item;
  bool done = true;                    // false: dropped
  std::string reason;
  UtcTime at;
  friend bool operator==(const TaskDone&, const TaskDone&) = default;
};

using Body = std::variant<AdviceRequest, IsbarAddition, MedicineQuestion, Text, Advice, ReadBack,
                          ReadBackVerdict, Done, Observation, Take, Decline, ReserveUsed, Withdraw, Close,
                          Seen, JournalMark, HandOver, Opening, PlanCard, PlanCardSigned, Task, TaskTaken,
                          TaskDone>;

// The last entry its author had seen: lets the others find that the hub has shown two histories (P-034).
struct StreamMark {
  std::uint64_t seq = 0;
  Digest chain{};
  friend bool operator==(const StreamMark&, const StreamMark&) = default;
};

struct Content {
  ConversationId conversation;
  MessageId id;                        // the same as the entry's
  PersonId author;                     // a person, not a phone
  DeviceId device;
  std::string author_name;             // for a unit's shared phone: who holds it; else as in the certificate
  std::string author_profession;
  UtcTime written_at;
  StreamMark mark;
  Body body;
  friend bool operator==(const Content&, const Content&) = default;
};

// `bytes` is an encoded Content; the signature is by the device's key, label kContentLabel (P-071).
struct SignedContent {
  Bytes bytes;
  Signature signature{};
  friend bool operator==(const SignedContent&, const SignedContent&) = default;
};

}  // namespace nattevagt::wire
