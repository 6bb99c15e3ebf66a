// Internal to wire/*.cpp: how foreign fields become ours, and ours become fields.
//
// Checks keeps the first fault and goes on, so that reading a message is one list of its fields. A value that
// was read while a fault is noted is thrown away by finish().
#pragma once

#include <google/protobuf/arena.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

#include "proto/common/bytes.h"
#include "proto/common/check.h"
#include "proto/common/clock.h"
#include "proto/common/crypto.h"
#include "proto/common/ids.h"
#include "proto/common/limits.h"
#include "proto/common/result.h"
#include "proto/wire/check_in.h"
#include "proto/wire/content.h"
#include "proto/wire/duty.h"
#include "proto/wire/hub.h"
#include "proto/wire/identity.h"
#include "proto/wire/rota.h"

namespace nattevagt::wire {

bool is_utf8(std::string_view text) noexcept;             // RFC 3629: no surrogates, nothing overlong
bool is_printable_ascii(std::string_view text) noexcept;  // and not empty

// Enums are closed and their values follow each other; the last one is named here, once.
template <class E>
inline constexpr int kFirstValue = 1;
template <>
inline constexpr int kFirstValue<NoticeKind> = 0;
template <>
inline constexpr int kFirstValue<DutyTrouble> = 0;
template <class E>
inline constexpr int kLastValue = -1;
template <>
inline constexpr int kLastValue<Severity> = static_cast<int>(Severity::kGreen);
template <>
inline constexpr int kLastValue<HolderKind> = static_cast<int>(HolderKind::kRecorder);
template <>
inline constexpr int kLastValue<DocumentKind> = static_cast<int>(kLastDocumentKind);
template <>
inline constexpr int kLastValue<DutyChangeKind> = static_cast<int>(DutyChangeKind::kTakeOver);
template <>
inline constexpr int kLastValue<DutyTrouble> = static_cast<int>(DutyTrouble::kSilent);
template <>
inline constexpr int kLastValue<OverrideKind> = static_cast<int>(OverrideKind::kAcceptedGap);
template <>
inline constexpr int kLastValue<TargetKind> = static_cast<int>(TargetKind::kUnit);
template <>
inline constexpr int kLastValue<EntryKind> = static_cast<int>(kLastEntryKind);
template <>
inline constexpr int kLastValue<AlertState> = static_cast<int>(AlertState::kClosed);
template <>
inline constexpr int kLastValue<NoticeKind> = static_cast<int>(NoticeKind::kLoud);
template <>
inline constexpr int kLastValue<ActKind> = static_cast<int>(ActKind::kHandOver);
template <>
inline constexpr int kLastValue<Situation> = static_cast<int>(Situation::kOther);
template <>
inline constexpr int kLastValue<SeenStage> = static_cast<int>(SeenStage::kSeen);
template <>
inline constexpr int kLastValue<PlanKind> = static_cast<int>(PlanKind::kCrisisPlan);
template <>
inline constexpr int kLastValue<TaskKind> = static_cast<int>(TaskKind::kOther);

class Checks {
 public:
  bool ok() const noexcept { return error_.code == Errc{}; }
  void refuse(Errc code, const char* where) noexcept {
    if (ok()) error_ = Error{code, where};
  }
  void require(bool holds, const char* where) noexcept {
    if (!holds) refuse(Errc::kInvalidValue, where);
  }
  template <class T>
  Result<T> finish(T&& value) const {
    if (!ok()) return tl::unexpected<Error>(error_);
    return std::forward<T>(value);
  }

  // ---- Fields of a fixed size: ids, keys, digests, signatures.
  template <std::size_t N>
  void fixed(const std::string& raw, std::array<std::uint8_t, N>& out, const char* where) noexcept {
    if (raw.size() != N) return refuse(Errc::kInvalidValue, where);
    std::copy(raw.begin(), raw.end(), out.begin());
  }
  // Several, one after the other.
  template <std::size_t N>
  void array_of(const std::string& raw, std::size_t count_max, std::vector<std::array<std::uint8_t, N>>& out,
                const char* where) {
    if (raw.size() % N != 0) return refuse(Errc::kInvalidValue, where);
    if (raw.size() / N > count_max) return refuse(Errc::kTooLarge, where);
    out.resize(raw.size() / N);
    const ByteView view = as_bytes(raw);
    for (std::size_t i = 0; i < out.size(); ++i) {
      const ByteView one = view.subspan(i * N, N);
      std::copy(one.begin(), one.end(), out[i].begin());
    }
  }
  template <class Kind>
  void id(const std::string& raw, Id<Kind>& out, const char* where) noexcept {
    fixed(raw, out.bytes, where);
  }
  template <class Kind>
  void optional_id(bool there, const std::string& raw, std::optional<Id<Kind>>& out, const char* where) {
    if (there) id(raw, out.emplace(), where);
  }
  // A stream that is not the inbox.
  void conversation(const std::string& raw, ConversationId& out, const char* where) noexcept {
    id(raw, out, where);
    if (out == kInbox) refuse(Errc::kInvalidValue, where);
  }
  void key(const std::string& raw, SignPublicKey& out, const char* where) noexcept {
    fixed(raw, out.bytes, where);
  }
  void key(const std::string& raw, CurvePublicKey& out, const char* where) noexcept {
    fixed(raw, out.bytes, where);
  }
  template <class Purpose, std::size_t N>
  void secret(const std::string& raw, Secret<Purpose, N>& out, const char* where) noexcept {
    if (raw.size() != N) return refuse(Errc::kInvalidValue, where);
    std::copy(raw.begin(), raw.end(), out.expose().begin());
  }

  // ---- Fields up to a size.
  void bytes(const std::string& raw, std::size_t bytes_max, Bytes& out, const char* where) {
    if (raw.size() > bytes_max) return refuse(Errc::kTooLarge, where);
    const ByteView view = as_bytes(raw);  // of one element type, the copy is a memmove
    out.assign(view.begin(), view.end());
  }
  void text(const std::string& raw, std::size_t bytes_max, std::string& out, const char* where) {
    if (raw.size() > bytes_max) return refuse(Errc::kTooLarge, where);
    if (!is_utf8(raw)) return refuse(Errc::kInvalidValue, where);
    out = raw;
  }
  // What an operator reads in a log or a shell: nothing that moves a cursor.
  void printable(const std::string& raw, std::size_t bytes_max, std::string& out, const char* where) {
    if (raw.size() > bytes_max) return refuse(Errc::kTooLarge, where);
    if (!is_printable_ascii(raw)) return refuse(Errc::kInvalidValue, where);
    out = raw;
  }

  // ---- Numbers.
  template <class E>
  void enumeration(int raw, E& out, const char* where) noexcept {
    static_assert(kLastValue<E> > 0, "name the enum's last value above");
    if (raw < kFirstValue<E> || raw > kLastValue<E>) return refuse(Errc::kInvalidValue, where);
    out = static_cast<E>(raw);
  }
  // A newer hub's kind keeps its number, which the chain counts (P-004).
  void entry_kind(int raw, EntryKind& out, const char* where) noexcept {
    if (raw < 1 || raw > 0xff) return refuse(Errc::kInvalidValue, where);
    out = static_cast<EntryKind>(raw);
  }
  // A newer hub's code is a refusal that we have no name for; its number is kept for the log (P-014).
  void error_code(std::uint32_t raw, Errc& out, const char* where) noexcept {
    if (raw == 0 || raw > 0xffff) return refuse(Errc::kInvalidValue, where);
    out = static_cast<Errc>(raw);
  }
  void time(std::int64_t ms, UtcTime& out, const char* where) noexcept {
    out = from_unix_ms(ms);
    if (out < limits::kTimeMin || out >= limits::kTimeEnd) refuse(Errc::kInvalidValue, where);
  }
  void time_or_never(std::int64_t ms, UtcTime& out, const char* where) noexcept {
    if (ms == 0) {
      out = kNever;
    } else {
      time(ms, out, where);
    }
  }
  // A count of local days since 1970-01-01.
  void day(std::int32_t number, LocalDay& out, const char* where) noexcept {
    out = LocalDay{std::chrono::days(number)};
    const auto first = std::chrono::floor<std::chrono::days>(limits::kTimeMin).time_since_epoch();
    const auto end = std::chrono::floor<std::chrono::days>(limits::kTimeEnd).time_since_epoch();
    require(out.time_since_epoch() >= first && out.time_since_epoch() < end, where);
  }
  void duration(std::int64_t ms, Millis min, Millis max, Millis& out, const char* where) noexcept {
    out = Millis(ms);
    if (out < min || out > max) refuse(Errc::kInvalidValue, where);
  }

  // ---- Lists. False: too many, and nothing of it should be read.
  bool count(int size, std::size_t max, const char* where) noexcept {
    if (static_cast<std::size_t>(size) > max) refuse(Errc::kTooLarge, where);
    return ok();
  }
  template <class Field, class Kind>
  void ids(const Field& raw, std::size_t max, std::vector<Id<Kind>>& out, const char* where) {
    if (!count(raw.size(), max, where)) return;
    out.resize(static_cast<std::size_t>(raw.size()));
    for (int i = 0; i < raw.size(); ++i) id(raw[i], out[static_cast<std::size_t>(i)], where);
  }
  // Reads every item of a list with the read() of its type.
  template <class Field, class Item>
  void items(const Field& raw, std::size_t max, std::vector<Item>& out, const char* where) {
    if (!count(raw.size(), max, where)) return;
    out.resize(static_cast<std::size_t>(raw.size()));
    for (int i = 0; i < raw.size(); ++i) read(raw[i], out[static_cast<std::size_t>(i)], *this);
  }

 private:
  Error error_{};
};

// ---- Ours to fields.
inline std::string str(ByteView bytes) { return std::string(as_text(bytes)); }
template <class Kind>
std::string str(const Id<Kind>& id) {
  return str(id.view());
}
inline std::string str(const SignPublicKey& key) { return str(key.bytes); }
inline std::string str(const CurvePublicKey& key) { return str(key.bytes); }
inline std::int32_t day_number(LocalDay day) noexcept {
  return static_cast<std::int32_t>(day.time_since_epoch().count());
}
inline std::int64_t wire_time(UtcTime time) noexcept { return time == kNever ? 0 : to_unix_ms(time); }

// ---- Whole messages. Our schemas have no maps, so what protobuf writes is deterministic.
template <class Message>
Bytes serialise(const Message& message) {
  Bytes out(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(out.data());
  return out;
}
// The pieces of one message lie together, the first on the stack: a frame has dozens of small ones, and to ask
// for each apart was a quarter of the hub's time.
class Pieces {
 public:
  template <class Message>
  Message& make() {
    return *google::protobuf::Arena::CreateMessage<Message>(&arena_);
  }

 private:
  alignas(std::max_align_t) std::array<char, 4096> first_;
  google::protobuf::Arena arena_{first_.data(), first_.size()};
};
template <class Message, class T>
Bytes encode_as(const T& value) {
  Pieces pieces;
  auto& message = pieces.make<Message>();
  put(value, message);
  return serialise(message);
}
// The size is checked before a byte is looked at.
template <class Message, class T>
Result<T> decode_as(ByteView bytes, std::size_t bytes_max, const char* where) {
  if (bytes.size() > bytes_max) return fail(Errc::kTooLarge, where);
  Pieces pieces;
  auto& message = pieces.make<Message>();
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Errc::kMalformed, where);
  }
  T value;
  Checks checks;
  read(message, value, checks);
  return checks.finish(std::move(value));
}

}  // namespace nattevagt::wire
