#include "tests/fuzz/wire_fuzz.h"

namespace wire = nattevagt::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const nattevagt::ByteView bytes(data, size);
  wire::check_stable<wire::ClientFrame>(bytes, wire::decode_client_frame);
  // The refusal is addressed by what request_number reads: it must be what decode reads.
  const auto frame = wire::decode_client_frame(bytes);
  const std::uint64_t number = wire::request_number(bytes);
  if (frame) NV_CHECK(frame->request == number);
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  return wire::mutate_or_make(data, size, max_size, seed, [](wire::Draw& draw) {
    return wire::encode(draw.client_frame(draw.below(std::variant_size_v<wire::Request>)));
  });
}
