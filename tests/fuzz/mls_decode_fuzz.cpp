// Every decoder that meets foreign bytes: no crash, and what decodes encodes to the same bytes. The first
// byte chooses the decoder.
#include <cstdlib>

#include "client-lib/mls/group.h"
#include "client-lib/mls/messages.h"
#include "client-lib/mls/proposals.h"
#include "client-lib/mls/ratchet_tree.h"

namespace nattevagt::mls {
namespace {

template <class T>
void round_trip(ByteView bytes) {
  Reader in(bytes);
  const T value = T::decode(in);
  if (!in.finish("fuzz")) return;
  Writer out;
  value.encode(out);
  if (!std::equal(bytes.begin(), bytes.end(), out.view().begin(), out.view().end())) std::abort();
}

void tree(ByteView bytes) {
  round_trip<RatchetTree>(bytes);
  const Result<RatchetTree> decoded = decode<RatchetTree>(bytes, "fuzz");
  if (!decoded) return;
  (void)decoded->tree_hash();
  if (!decoded->verify_shape()) return;
  (void)decoded->verify_parent_hashes();
}

// What stands inside a PrivateMessage once it is open (6.3.1); the first byte is its content type.
void private_content(ByteView bytes) {
  Reader in(bytes);
  const auto type = static_cast<ContentType>(in.u8() % 3 + 1);
  FramedContent content;
  content.content = FramedContent::decode_content(in, type);
  const FramedContentAuthData auth = FramedContentAuthData::decode(in, type);
  if (!in.finish("fuzz")) return;
  Writer out(Writer::Kind::kSecret);
  out.u8(bytes[0]);
  content.encode_content(out);
  auth.encode(out);
  if (!std::equal(bytes.begin(), bytes.end(), out.view().begin(), out.view().end())) std::abort();
}

void group_extensions(ByteView bytes) {
  Reader in(bytes);
  const Extensions extensions = decode_extensions(in);
  if (!in.finish("fuzz")) return;
  (void)external_senders(extensions);
}

}  // namespace
}  // namespace nattevagt::mls

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nattevagt;
  using namespace nattevagt::mls;
  if (size == 0) return 0;
  const ByteView bytes(data + 1, size - 1);
  switch (data[0] % 16) {
    case 0: round_trip<MlsMessage>(bytes); break;
    case 1: round_trip<KeyPackage>(bytes); break;
    case 2: round_trip<Welcome>(bytes); break;
    case 3: round_trip<GroupInfo>(bytes); break;
    case 4: tree(bytes); break;
    case 5: round_trip<GroupSecrets>(bytes); break;
    case 6: round_trip<Commit>(bytes); break;
    case 7: (void)welcome_recipients(bytes); break;
    case 8: round_trip<AuthenticatedContent>(bytes); break;
    case 9: round_trip<UpdatePath>(bytes); break;
    case 10: round_trip<Proposal>(bytes); break;
    case 11: round_trip<LeafNode>(bytes); break;
    case 12: round_trip<RequiredCapabilities>(bytes); break;
    case 13: private_content(bytes); break;
    case 14: group_extensions(bytes); break;
    case 15: (void)KeyPackageBundle::restore(bytes); break;
  }
  return 0;
}
