/* A disk that fails on demand, as an LD_PRELOAD: while the file $NATTEVAGT_FAULT holds a word, writes below
 * $NATTEVAGT_FAULT_DIR fail: "enospc" (disk full), "erofs" (read-only), "eio-sync" (sync fails, writes pass); or a
 * sync does not return as long as it holds "hang".
 * Everything else is the real disk. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define HANGS (-1000)

static int fault_now(void) {
  const char* path = getenv("NATTEVAGT_FAULT");
  if (path == NULL) return 0;
  int saved = errno;
  int (*real_open)(const char*, int, ...) = (int (*)(const char*, int, ...))dlsym(RTLD_NEXT, "open");
  int file = real_open(path, O_RDONLY | O_CLOEXEC);
  char word[16] = {0};
  if (file >= 0) {
    ssize_t got = read(file, word, sizeof(word) - 1);
    (void)got;
    close(file);
  }
  errno = saved;
  if (strncmp(word, "enospc", 6) == 0) return ENOSPC;
  if (strncmp(word, "erofs", 5) == 0) return EROFS;
  if (strncmp(word, "eio-sync", 8) == 0) return -EIO;
  if (strncmp(word, "hang", 4) == 0) return HANGS;
  return 0;
}

static int ours(int fd) {
  const char* dir = getenv("NATTEVAGT_FAULT_DIR");
  char link[64];
  char path[PATH_MAX];
  if (dir == NULL) return 0;
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  ssize_t size = readlink(link, path, sizeof(path) - 1);
  if (size <= 0) return 0;
  path[size] = 0;
  return strncmp(path, dir, strlen(dir)) == 0;
}

#define FAIL_WRITE(fd)                      \
  if (ours(fd)) {                           \
    int error = fault_now();                \
    if (error > 0) {                        \
      errno = error;                        \
      return -1;                            \
    }                                       \
  }
#define REAL(type, name, ...) ((type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

ssize_t write(int fd, const void* data, size_t size) {
  FAIL_WRITE(fd)
  return REAL(ssize_t, "write", int, const void*, size_t)(fd, data, size);
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  FAIL_WRITE(fd)
  return REAL(ssize_t, "pwrite", int, const void*, size_t, off_t)(fd, data, size, at);
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
  FAIL_WRITE(fd)
  return REAL(ssize_t, "pwrite64", int, const void*, size_t, off64_t)(fd, data, size, at);
}
int ftruncate(int fd, off_t size) {
  FAIL_WRITE(fd)
  return REAL(int, "ftruncate", int, off_t)(fd, size);
}
int ftruncate64(int fd, off64_t size) {
  FAIL_WRITE(fd)
  return REAL(int, "ftruncate64", int, off64_t)(fd, size);
}

static int fail_sync(int fd) {
  if (!ours(fd)) return 0;
  int error = fault_now();
  for (; error == HANGS; error = fault_now()) usleep(20000);
  if (error == 0 || error == EROFS) return 0;
  errno = error < 0 ? -error : error;
  return 1;
}
int fsync(int fd) {
  if (fail_sync(fd)) return -1;
  return REAL(int, "fsync", int)(fd);
}
int fdatasync(int fd) {
  if (fail_sync(fd)) return -1;
  return REAL(int, "fdatasync", int)(fd);
}
