/* What passes inside CURVE, as an LD_PRELOAD for the hub: every plaintext that libzmq opens or is about to seal is
 * appended to the file $NATTEVAGT_TAP. The wire outside CURVE shows nothing; this is what the hub itself reads. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

static const unsigned long long kZeroBytes = 32; /* before a plaintext in the functions without "easy" */

typedef int (*box_call)(unsigned char*, const unsigned char*, unsigned long long, const unsigned char*,
                        const unsigned char*);

static void record(const unsigned char* bytes, unsigned long long size) {
  const char* path = getenv("NATTEVAGT_TAP");
  int file = path == NULL ? -1 : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return;
  while (size > 0) {
    ssize_t written = write(file, bytes, (size_t)size);
    if (written <= 0) abort(); /* a tap that misses something would prove nothing */
    bytes += written;
    size -= (unsigned long long)written;
  }
  close(file);
}

int crypto_box_afternm(unsigned char* c, const unsigned char* m, unsigned long long size,
                       const unsigned char* nonce, const unsigned char* key) {
  if (size > kZeroBytes) record(m + kZeroBytes, size - kZeroBytes);
  return ((box_call)dlsym(RTLD_NEXT, "crypto_box_afternm"))(c, m, size, nonce, key);
}

int crypto_box_open_afternm(unsigned char* m, const unsigned char* c, unsigned long long size,
                            const unsigned char* nonce, const unsigned char* key) {
  int opened = ((box_call)dlsym(RTLD_NEXT, "crypto_box_open_afternm"))(m, c, size, nonce, key);
  if (opened == 0 && size > kZeroBytes) record(m + kZeroBytes, size - kZeroBytes);
  return opened;
}

int crypto_box_easy_afternm(unsigned char* c, const unsigned char* m, unsigned long long size,
                            const unsigned char* nonce, const unsigned char* key) {
  record(m, size);
  return ((box_call)dlsym(RTLD_NEXT, "crypto_box_easy_afternm"))(c, m, size, nonce, key);
}

int crypto_box_open_easy_afternm(unsigned char* m, const unsigned char* c, unsigned long long size,
                                 const unsigned char* nonce, const unsigned char* key) {
  int opened = ((box_call)dlsym(RTLD_NEXT, "crypto_box_open_easy_afternm"))(m, c, size, nonce, key);
  if (opened == 0 && size > 16) record(m, size - 16);
  return opened;
}
