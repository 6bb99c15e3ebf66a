/* What passes inside CURVE, as an LD_PRELOAD for the hub: every plaintext that libzmq opens or is about to seal is
 * appended to the file $NATTEVAGT_TAP, after its size as be32, whose highest bit
 * says that the hub sends it. The wire outside CURVE shows nothing; this is what the hub itself reads. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

static const unsigned long long kZeroBytes = 32; /* before a plaintext in the functions without "easy" */

typedef int (*box_call)(unsigned char*, const unsigned char*, unsigned long long, const unsigned char*,
                        const unsigned char*);

static void record(int sending, const unsigned char* plain, unsigned long long size) {
  const char* path = getenv("NATTEVAGT_TAP");
  int file = path == NULL ? -1 : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return;
  unsigned char head[4] = {(unsigned char)((size >> 24) | (sending ? 0x80 : 0)), (unsigned char)(size >> 16), (unsigned char)(size >> 8),
                           (unsigned char)size};
  struct iovec whole[2] = {{head, sizeof(head)}, {(void*)plain, (size_t)size}};
  /* One write, so that threads do not mix; a tap that misses something would prove nothing. */
  if (writev(file, whole, 2) != (ssize_t)(sizeof(head) + size)) abort();
  close(file);
}

int crypto_box_afternm(unsigned char* c, const unsigned char* m, unsigned long long size,
                       const unsigned char* nonce, const unsigned char* key) {
  if (size > kZeroBytes) record(1, m + kZeroBytes, size - kZeroBytes);
  return ((box_call)dlsym(RTLD_NEXT, "crypto_box_afternm"))(c, m, size, nonce, key);
}

int crypto_box_open_afternm(unsigned char* m, const unsigned char* c, unsigned long long size,
                            const unsigned char* nonce, const unsigned char* key) {
  int opened = ((box_call)dlsym(RTLD_NEXT, "crypto_box_open_afternm"))(m, c, size, nonce, key);
  if (opened == 0 && size > kZeroBytes) record(0, m + kZeroBytes, size - kZeroBytes);
  return opened;
}

int crypto_box_easy_afternm(unsigned char* c, const unsigned char* m, unsigned long long size,
                            const unsigned char* nonce, const unsigned char* key) {
  record(1, m, size);
  return ((box_call)dlsym(RTLD_NEXT, "crypto_box_easy_afternm"))(c, m, size, nonce, key);
}

int crypto_box_open_easy_afternm(unsigned char* m, const unsigned char* c, unsigned long long size,
                                 const unsigned char* nonce, const unsigned char* key) {
  int opened = ((box_call)dlsym(RTLD_NEXT, "crypto_box_open_easy_afternm"))(m, c, size, nonce, key);
  if (opened == 0 && size > 16) record(0, m, size - 16);
  return opened;
}
