#include "tests/fuzz/wire_fuzz.h"

namespace wire = nattevagt::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  wire::check_stable<wire::WelcomeItem>({data, size}, wire::decode_welcome_item);
  wire::check_stable<wire::AlertItem>({data, size}, wire::decode_alert_item);
  wire::check_stable<wire::GapItem>({data, size}, wire::decode_gap_item);
  wire::check_stable<wire::CheckInItem>({data, size}, wire::decode_check_in_item);
  wire::check_stable<wire::SignedCheckIn>({data, size}, wire::decode_signed_check_in);
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  return wire::mutate_or_make(data, size, max_size, seed, [](wire::Draw& draw) {
    if (draw.coin()) return wire::encode(draw.check_in_item());
    return draw.coin() ? wire::encode(draw.welcome_item()) : wire::encode(draw.alert_item());
  });
}
