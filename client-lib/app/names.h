// The words for closed sets of values, both ways, in the app protocol (mobile-bridge/PROTOCOL.md section 3) and in
// the command line's JSON. Words travel, never numbers: who is of another age sees a word that it does not know.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "client-lib/client.h"

namespace nattevagt::client {

template <class Value>
struct Named {
  Value value{};
  std::string_view name;
};

template <class Value>
struct Names;

template <>
struct Names<wire::Severity> {
  static constexpr std::array kAll = {Named<wire::Severity>{wire::Severity::kAlarm, "alarm"},
                                      Named<wire::Severity>{wire::Severity::kRed, "red"},
                                      Named<wire::Severity>{wire::Severity::kYellow, "yellow"},
                                      Named<wire::Severity>{wire::Severity::kGreen, "green"}};
};
template <>
struct Names<wire::Situation> {
  using S = wire::Situation;
  static constexpr std::array kAll = {Named<S>{S::kSuicidal, "suicidal"},
                                      Named<S>{S::kViolence, "violence"},
                                      Named<S>{S::kPsychosis, "psychosis"},
                                      Named<S>{S::kMedRefused, "medRefused"},
                                      Named<S>{S::kPrn, "prn"},
                                      Named<S>{S::kIntox, "intox"},
                                      Named<S>{S::kMissing, "missing"},
                                      Named<S>{S::kSomatic, "somatic"},
                                      Named<S>{S::kSideEffect, "sideEffect"},
                                      Named<S>{S::kReadmission, "readmission"},
                                      Named<S>{S::kRelative, "relative"},
                                      Named<S>{S::kOther, "other"}};
};
template <>
struct Names<wire::HolderKind> {
  using H = wire::HolderKind;
  static constexpr std::array kAll = {Named<H>{H::kPerson, "person"}, Named<H>{H::kUnit, "unit"},
                                      Named<H>{H::kRecorder, "recorder"}};
};
template <>
struct Names<wire::TargetKind> {
  using T = wire::TargetKind;
  static constexpr std::array kAll = {Named<T>{T::kRole, "role"}, Named<T>{T::kPerson, "person"},
                                      Named<T>{T::kUnit, "unit"}};
};
template <>
struct Names<wire::AlertState> {
  using A = wire::AlertState;
  static constexpr std::array kAll = {
      Named<A>{A::kEscalating, "escalating"}, Named<A>{A::kTaken, "taken"},
      Named<A>{A::kAdvised, "advised"},       Named<A>{A::kExhausted, "exhausted"},
      Named<A>{A::kWithdrawn, "withdrawn"},   Named<A>{A::kClosed, "closed"}};
};
template <>
struct Names<wire::PlanKind> {
  using P = wire::PlanKind;
  static constexpr std::array kAll = {
      Named<P>{P::kDischargeAgreement, "discharge_agreement"}, Named<P>{P::kCoordinationPlan, "coordination_plan"},
      Named<P>{P::kCoordinatedAction, "coordinated_action"}, Named<P>{P::kCrisisPlan, "crisis_plan"}};
};
template <>
struct Names<wire::TaskKind> {
  using T = wire::TaskKind;
  static constexpr std::array kAll = {Named<T>{T::kPromise, "promise"}, Named<T>{T::kObserve, "observe"},
                                      Named<T>{T::kMedicine, "medicine"}, Named<T>{T::kReport, "report"},
                                      Named<T>{T::kOther, "other"}};
};
template <>
struct Names<PlanState> {
  using P = PlanState;
  static constexpr std::array kAll = {Named<P>{P::kMissing, "missing"}, Named<P>{P::kValid, "valid"},
                                      Named<P>{P::kExpired, "expired"}};
};
template <>
struct Names<wire::CitizenMatch> {
  using M = wire::CitizenMatch;
  static constexpr std::array kAll = {Named<M>{M::kCpr, "cpr"}, Named<M>{M::kName, "name"}};
};
template <>
struct Names<OpenWork::Kind> {
  using K = OpenWork::Kind;
  static constexpr std::array kAll = {Named<K>{K::kTask, "task"}, Named<K>{K::kReadBack, "read_back"},
                                      Named<K>{K::kAdvice, "advice"}};
};
template <>
struct Names<wire::DutyChangeKind> {
  using D = wire::DutyChangeKind;
  static constexpr std::array kAll = {Named<D>{D::kSwap, "swap"}, Named<D>{D::kTakeOver, "take_over"}};
};
template <>
struct Names<Delivery> {
  static constexpr std::array kAll = {
      Named<Delivery>{Delivery::kQueued, "queued"}, Named<Delivery>{Delivery::kStored, "stored"},
      Named<Delivery>{Delivery::kOnDevice, "on_device"}, Named<Delivery>{Delivery::kSeen, "seen"},
      Named<Delivery>{Delivery::kFailed, "failed"}};
};

template <>
struct Names<wire::NoticeKind> {
  using N = wire::NoticeKind;
  static constexpr std::array kAll = {Named<N>{N::kNone, "none"}, Named<N>{N::kFirst, "first"},
                                      Named<N>{N::kRepeat, "repeat"}, Named<N>{N::kResumed, "resumed"},
                                      Named<N>{N::kLoud, "loud"}};
};
template <>
struct Names<wire::SeenStage> {
  using S = wire::SeenStage;
  static constexpr std::array kAll = {Named<S>{S::kOnDevice, "on_device"}, Named<S>{S::kSeen, "seen"}};
};
template <>
struct Names<RingReason> {
  using R = RingReason;
  static constexpr std::array kAll = {Named<R>{R::kNotSent, "not_sent"},
                                      Named<R>{R::kNobodyTook, "nobody_took"},
                                      Named<R>{R::kNoAdvice, "no_advice"}};
};
template <>
struct Names<Reachable> {
  static constexpr std::array kAll = {Named<Reachable>{Reachable::kUnknown, "unknown"},
                                      Named<Reachable>{Reachable::kYes, "yes"},
                                      Named<Reachable>{Reachable::kNo, "no"}};
};
template <>
struct Names<CheckInState> {
  using C = CheckInState;
  static constexpr std::array kAll = {Named<C>{C::kAsked, "asked"}, Named<C>{C::kSent, "sent"},
                                      Named<C>{C::kDone, "done"}};
};
template <>
struct Names<wire::DutyTrouble> {
  using D = wire::DutyTrouble;
  static constexpr std::array kAll = {Named<D>{D::kNotCheckedIn, "not_checked_in"}, Named<D>{D::kSilent, "silent"}};
};

template <class Value>
constexpr std::string_view name_of(Value value) noexcept {
  for (const auto& one : Names<Value>::kAll) {
    if (one.value == value) return one.name;
  }
  return "unknown";
}
template <class Value>
constexpr std::optional<Value> value_of(std::string_view name) noexcept {
  for (const auto& one : Names<Value>::kAll) {
    if (one.name == name) return one.value;
  }
  return std::nullopt;
}

// "" where there is no trouble.
constexpr std::string_view reason_of(const Reach& reach) noexcept {
  return reach.reason == wire::DutyTrouble::kNone ? std::string_view() : name_of(reach.reason);
}

}  // namespace nattevagt::client
