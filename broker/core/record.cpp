#include "broker/core/record.h"

#include <utility>

#include "broker/core/fields.h"

namespace nattevagt::broker {
namespace {

constexpr std::uint8_t kRecordFormat = 3;
constexpr std::uint8_t kRecordFormatWithDuty = 2;
constexpr std::uint8_t kRecordFormatWithCheckIn = 3;

template <std::size_t Index = 0>
bool read_fact(Reader& reader, std::size_t kind, Fact& out) {
  if constexpr (Index == std::variant_size_v<Fact>) {
    return false;
  } else {
    if (kind != Index) return read_fact<Index + 1>(reader, kind, out);
    reader(out.emplace<Index>());
    return true;
  }
}

}  // namespace

// meta = format, kind (the variant's index, so facts are appended to the list and never reordered), fields.
Bytes encode(const Fact& fact) {
  Writer writer;
  const auto kind = static_cast<std::uint8_t>(fact.index());
  writer(kRecordFormat, kind);
  std::visit([&](const auto& value) { writer(value); }, fact);
  return writer.take();
}

Result<Fact> decode_fact(ByteView meta) {
  if (meta.size() < 2) return fail(Errc::kCorrupt, "decode_fact");
  if (meta[0] > kRecordFormat) return fail(Errc::kUnsupported, "decode_fact: a newer format");
  if (meta[0] == 0) return fail(Errc::kCorrupt, "decode_fact");
  Reader reader(meta.subspan(2));
  if (meta[0] < kRecordFormatWithDuty) reader.set_without_duty();
  if (meta[0] < kRecordFormatWithCheckIn) reader.set_without_check_in();
  Fact out;
  if (!read_fact(reader, meta[1], out) || !reader.finished()) return fail(Errc::kCorrupt, "decode_fact");
  return out;
}

}  // namespace nattevagt::broker
