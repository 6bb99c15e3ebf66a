#include "tests/fuzz/wire_fuzz.h"

namespace wire = nattevagt::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  wire::check_stable<wire::HubFrame>({data, size}, wire::decode_hub_frame);
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  return wire::mutate_or_make(data, size, max_size, seed, [](wire::Draw& draw) {
    return wire::encode(draw.hub_frame(draw.below(std::variant_size_v<wire::Answer>)));
  });
}
