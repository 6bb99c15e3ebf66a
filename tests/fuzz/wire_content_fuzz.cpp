#include "tests/fuzz/wire_fuzz.h"

namespace wire = nattevagt::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  wire::check_stable<wire::Content>({data, size}, wire::decode_content);
  wire::check_stable<wire::SignedContent>({data, size}, wire::decode_signed_content);
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  return wire::mutate_or_make(data, size, max_size, seed, [](wire::Draw& draw) {
    if (draw.below(8) == 0) return wire::encode(draw.signed_content());
    return wire::encode(draw.content(draw.below(std::variant_size_v<wire::Body>)));
  });
}
