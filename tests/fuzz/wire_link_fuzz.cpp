#include "tests/fuzz/wire_fuzz.h"

namespace wire = nattevagt::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = nattevagt::as_text({data, size});
  if (const auto link = wire::decode_link(text)) {
    NV_CHECK(wire::encode_link(*wire::decode_link(wire::encode_link(*link))) == wire::encode_link(*link));
  }
  if (const auto card = wire::decode_card(text)) {
    NV_CHECK(wire::decode_card(wire::encode_card(*card)).value() == *card);
  }
  if (const auto trusted = wire::decode_trust(text)) {
    NV_CHECK(wire::encode_trust(*wire::decode_trust(wire::encode_trust(*trusted))) ==
             wire::encode_trust(*trusted));
  }
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  return wire::mutate_or_make(data, size, max_size, seed, [](wire::Draw& draw) {
    const std::string text = draw.coin() ? wire::encode_link(draw.link()) : wire::encode_card(draw.card());
    return nattevagt::to_bytes(
        nattevagt::as_bytes(draw.below(4) != 0 ? text : wire::encode_trust(draw.trusted())));
  });
}
