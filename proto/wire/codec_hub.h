// Internal to wire/*.cpp: the conversions of hub.proto that both directions need.
#pragma once

#include "proto/wire/codec_identity.h"

namespace nattevagt::pb {
class AlertView;
class Entry;
class ReceiptLeaf;
}  // namespace nattevagt::pb

namespace nattevagt::wire {

void put(const Entry& in, pb::Entry& out);
void read(const pb::Entry& in, Entry& out, Checks& checks);
void put(const AlertView& in, pb::AlertView& out);
void read(const pb::AlertView& in, AlertView& out, Checks& checks);
void put(const ReceiptLeaf& in, pb::ReceiptLeaf& out);
void read(const pb::ReceiptLeaf& in, ReceiptLeaf& out, Checks& checks);

// Size and protocol version, before anything else of a frame is read (P-001, P-002).
Status check_frame(ByteView bytes, const char* where);

}  // namespace nattevagt::wire
