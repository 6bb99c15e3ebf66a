// One request of a screen: its fields, what is done for it, and its answer. Internal to desk.cpp and
// desk_work.cpp.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "client-lib/agent/desk.h"
#include "client-lib/agent/screen_words.h"
#include "client-lib/app/names.h"
#include "proto/common/limits.h"

namespace nattevagt::client::agent {

// Reads a request's fields one by one; what is wrong with any of them is told at the end, with what is left
// over.
class Fields {
 public:
  explicit Fields(const Json& json) : json_(json), good_(json.is_object()) {}

  std::string text(const char* name, std::size_t bytes_max = limits::kTextBytesMax) {
    const Json* found = take(name);
    if (found == nullptr || !found->is_string()) return bad();
    std::string out = found->get<std::string>();
    if (out.size() > bytes_max) {
      too_large_ = true;
      return bad();
    }
    return out;
  }
  std::string name(const char* field) { return text(field, limits::kNameBytesMax); }
  bool flag(const char* name) {
    const Json* found = take(name);
    if (found == nullptr || !found->is_boolean()) return bad(), false;
    return found->get<bool>();
  }
  std::uint64_t number(const char* name) {
    const Json* found = take(name);
    if (found == nullptr || !found->is_number_unsigned()) return bad(), 0;
    return found->get<std::uint64_t>();
  }
  template <class IdType>
  IdType id(const char* name) {
    const auto out = IdType::from_hex(text(name, 2 * IdType::kSize));
    if (!out) return bad(), IdType{};
    return *out;
  }
  template <class Value>
  Value one_of(const char* name) {
    const auto out = value_of<Value>(text(name, 32));
    if (!out) return bad(), Value{};
    return *out;
  }
  bool has(const char* name) const { return json_.contains(name) && !json_.at(name).is_null(); }
  Fields object(const char* name) {
    static const Json kNothing;
    const Json* found = take(name);
    return Fields(found == nullptr ? kNothing : *found);
  }
  // Each item of a list of objects, in order.
  template <class Read>
  void each(const char* name, std::size_t count_max, Read read) {
    const Json* found = take(name);
    if (found == nullptr || !found->is_array()) return static_cast<void>(bad());
    if (found->size() > count_max) {
      too_large_ = true;
      return static_cast<void>(bad());
    }
    for (const Json& item : *found) {
      Fields inner(item);
      read(inner);
      absorb(inner);
    }
  }
  void absorb(const Fields& inner) {
    good_ = good_ && inner.whole();
    too_large_ = too_large_ || inner.too_large_;
  }
  void skip(const char* name) { take(name); }
  bool whole() const { return good_ && taken_ == json_.size(); }
  Errc why() const { return too_large_ ? Errc::kTooLarge : Errc::kMalformed; }

 private:
  const Json* take(const char* name) {
    if (!json_.is_object()) return nullptr;
    const auto found = json_.find(name);
    if (found == json_.end()) return nullptr;
    ++taken_;
    return &*found;
  }
  std::string bad() {
    good_ = false;
    return {};
  }

  const Json& json_;
  bool good_ = true;
  bool too_large_ = false;
  std::size_t taken_ = 0;
};

struct Desk::Answer {
  Errc code{};  // 0: done
  Json more = Json::object();
  std::string whole{};  // a ready object's text, instead of `more`
  static Answer bad(const Fields& fields) { return {fields.why(), Json::object(), {}}; }
  static Answer of(const Error& error) { return {error.code, Json::object(), {}}; }
};

struct DeskRequest {
  Desk& desk;
  Client& client;
  ScreenView& view;
  Fields& in;
  using Answer = Desk::Answer;

  Answer run(const std::string& what);

 private:
  static Answer made(const Result<MessageId>& result) {
    if (!result) return Answer::of(result.error());
    return {Errc{}, {{"message", result->hex()}}, {}};
  }
  static Answer done_or_not(const Status& status) { return status ? Answer{} : Answer::of(status.error()); }
  static Answer text(Result<std::string> result) {
    if (!result) return Answer::of(result.error());
    return {Errc{}, Json::object(), std::move(*result)};
  }
  // What `act` makes of the fields that were read, if they were all there is.
  template <class Act>
  Answer when_whole(Act act) {
    if (!in.whole()) return Answer::bad(in);
    return act();
  }
  template <class Act>
  Answer of_talk(Act act) {
    const auto id = in.id<ConversationId>("conversation");
    return when_whole([&] { return text(act(id)); });
  }
  template <class Act>
  Answer on_alert(Act act) {
    const auto id = in.id<AlertId>("alert");
    return when_whole([&] { return touched(id, made(act(id))); });
  }
  // An act that ends what the device owes its worker (P-110).
  template <class Act>
  Answer settling(Act act) {
    return on_alert([&](AlertId alert) {
      auto made = act(alert);
      if (made) view.settled(alert);
      return made;
    });
  }
  template <class Act>
  Answer in_any_talk(Act act) {
    const auto conversation = in.id<ConversationId>("conversation");
    return when_whole([&] {
      view.touched(conversation);
      return made(act(conversation));
    });
  }
  Answer touched(AlertId id, Answer answer);
  Answer alert_text(const char* field, Result<MessageId> (Client::*act)(AlertId, std::string));

  Answer ask();
  Answer decline();
  Answer advise();
  Answer read_back();
  Answer verdict();
  Answer done();
  Answer words(const std::string& what);
  Answer invite();
  Answer seen();
  Answer journal_mark();

  // desk_work.cpp; none: no such request
  std::optional<Answer> look(const std::string& what);
  std::optional<Answer> people(const std::string& what);  // before anybody holds a unit's device
  std::optional<Answer> work(const std::string& what);
  Answer suspend();
  Status own_pin(std::string_view pin, Millis& wait);  // of whoever holds the device
  Answer citizen_start();
  Answer plan_write();
  Answer plan_sign();
  Answer task();
  Answer task_done();
  Answer profile_new();
  Answer profile_switch();
  Answer profile_pin();
  Answer profile_reset(bool remove);
  Answer swap();
};

}  // namespace nattevagt::client::agent
