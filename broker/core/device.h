// One enrolled device as the hub knows it. Durable: the certificate and what follows from it, the revocation,
// the stock. The rest lives as long as the process: a restart sees every device as just seen (P-045).
#pragma once

#include <cstdint>
#include <map>

#include "broker/core/key_stock.h"
#include "broker/core/record.h"
#include "proto/wire/identity.h"

namespace nattevagt::broker {

class Stream;
struct Session;

struct Device {
  DeviceNumber number = 0;
  wire::Certificate certificate;
  wire::DeviceIdentity identity;  // of the certificate
  JournalIndex enrolled = 0;      // the record, for a repeated Enrol
  bool revoked = false;
  bool suspended = false;  // by a colleague, until its organisation has decided (P-192); follows from the document
  KeyStock stock;
  JournalIndex stock_changed = 0;

  // Not durable.
  Session* session = nullptr;  // the one that has said Hello or may yet
  bool connected = false;      // has said Hello, and is still there
  UtcTime seen_at = UtcTime::min();
  // P-182: the last request, and since when there was none of kHeardBreak without one.
  UtcTime heard_at = UtcTime::min(), heard_since = UtcTime::min();
  std::int64_t tokens = 0;  // requests it may still send; below 0: alerts on credit (P-015)
  UtcTime tokens_at = UtcTime::min();
  std::map<ConversationId, Stream*> streams;  // conversations that it still gets entries of
  std::size_t conversations = 0;              // of these, without the alerts' (kStreamsPerDeviceMax)

  // Certificates end with their last millisecond.
  bool certified(UtcTime now) const { return !revoked && now <= identity.not_after; }
  // Who is suspended gets nothing and is asked for nothing, as if revoked; but stays what and where it is.
  bool usable(UtcTime now) const { return certified(now) && !suspended; }
  bool is_recorder() const { return identity.kind == wire::HolderKind::kRecorder; }
};

}  // namespace nattevagt::broker
