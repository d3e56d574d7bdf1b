/* read_bytes.c: see read_bytes.h.
 *
 * zlib's inflate is used directly, not gzread: it tells a truncated stream, a wrong check sum and rubbish after
 * the end apart, and says at which byte of the file. Formats: RFC 1951 (deflate), RFC 1952 (gzip). */
#include "experiments/data/read_bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "experiments/kernel/mem.h"

#define BUFFER_SIZE   (128 * 1024)
#define INFLATE_MOST  (1u << 30) /* zlib counts in 32 bits */
#define DEFLATE_RATIO 1032       /* a 258-byte match can take 2 bits, no less */

struct byte_source {
  int fd;
  char *path;    /* owned */
  uint64_t size; /* of the file */
  uint64_t from_file, delivered;
  bool gzipped, between_members, ended;
  z_stream z;          /* gzipped only; its input is the buffer */
  size_t begin, end;   /* unread bytes of the buffer */
  unsigned char buffer[BUFFER_SIZE];
};

const char *bytes_path(const struct byte_source *s) { return s->path; }
uint64_t bytes_at(const struct byte_source *s) { return s->delivered; }
bool bytes_gzipped(const struct byte_source *s) { return s->gzipped; }
uint64_t bytes_file_size(const struct byte_source *s) { return s->size; }

uint64_t bytes_bound(const struct byte_source *s)
{
  uint64_t bound;
  if (!s->gzipped)
    return s->size;
  return __builtin_mul_overflow(s->size, (uint64_t)DEFLATE_RATIO, &bound) ? UINT64_MAX : bound;
}

/* read(2), repeated after signals. */
static enum status read_file(struct byte_source *s, void *to, size_t want, size_t *got, struct err *e)
{
  ssize_t n;
  do
    n = read(s->fd, to, want);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    return err_set(e, STATUS_IO, "%s: byte %llu: %s", s->path, (unsigned long long)s->from_file, strerror(errno));
  *got = (size_t)n;
  s->from_file += *got;
  return STATUS_OK;
}

/* Fill the empty buffer; end == begin afterwards means the end of the file. */
static enum status refill(struct byte_source *s, struct err *e)
{
  s->begin = s->end = 0;
  return read_file(s, s->buffer, BUFFER_SIZE, &s->end, e);
}

static enum status start_inflate(struct byte_source *s, struct err *e)
{
  int code = inflateInit2(&s->z, 15 + 16); /* the largest window, gzip wrapper */
  if (code != Z_OK)
    return err_set(e, STATUS_NO_MEMORY, "%s: zlib cannot start: %s", s->path, zError(code));
  s->gzipped = true;
  return STATUS_OK;
}

static enum status open_file(struct byte_source *s, struct err *e)
{
  struct stat info;
  s->fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a fifo must not make us wait */
  if (s->fd < 0 || fstat(s->fd, &info) != 0)
    return err_set(e, STATUS_IO, "%s: %s", s->path, strerror(errno));
  if (!S_ISREG(info.st_mode))
    return err_set(e, STATUS_IO, "%s: %s; a regular file is needed", s->path,
                   S_ISDIR(info.st_mode) ? "is a directory" : "is a device or pipe");
  s->size = (uint64_t)info.st_size;
  enum status status = refill(s, e);
  if (status == STATUS_OK && s->end >= 2 && s->buffer[0] == 0x1f && s->buffer[1] == 0x8b)
    status = start_inflate(s, e);
  return status;
}

enum status bytes_open(struct byte_source **out, const char *path, struct err *e)
{
  struct byte_source *s = xmalloc(sizeof *s);
  memset(s, 0, offsetof(struct byte_source, buffer));
  s->fd = -1;
  s->path = xstrdup(path);
  enum status status = open_file(s, e);
  if (status != STATUS_OK) {
    bytes_close(s);
    s = NULL;
  }
  *out = s;
  return status;
}

void bytes_close(struct byte_source *s)
{
  if (!s)
    return;
  if (s->gzipped)
    inflateEnd(&s->z);
  if (s->fd >= 0)
    close(s->fd);
  free(s->path);
  free(s);
}

static enum status read_plain(struct byte_source *s, unsigned char *to, size_t want, size_t *got, struct err *e)
{
  enum status status = STATUS_OK;
  while (*got < want && !s->ended && status == STATUS_OK) {
    size_t left = want - *got, buffered = s->end - s->begin, n = 0;
    if (buffered) {
      n = buffered < left ? buffered : left;
      memcpy(to + *got, s->buffer + s->begin, n);
      s->begin += n;
    } else if (left >= BUFFER_SIZE) {
      status = read_file(s, to + *got, left, &n, e);
      s->ended = n == 0;
    } else {
      status = refill(s, e);
      s->ended = s->end == 0;
    }
    *got += n;
  }
  return status;
}

/* Byte of the file that zlib looks at next. */
static unsigned long long file_position(const struct byte_source *s)
{
  return (unsigned long long)(s->from_file - (s->end - s->begin));
}

/* A member has ended, or the file has: go on with the next member or say that all is well. */
static enum status next_member(struct byte_source *s, struct err *e)
{
  if (s->begin == s->end) {
    s->ended = true; /* the buffer was refilled and stayed empty */
    return STATUS_OK;
  }
  if (s->buffer[s->begin] != 0x1f)
    return err_set(e, STATUS_BAD_DATA, "%s: byte %llu: something else follows the end of the gzip stream", s->path,
                   file_position(s));
  s->between_members = false;
  return inflateReset(&s->z) == Z_OK ? STATUS_OK : err_set(e, STATUS_BAD_DATA, "%s: zlib cannot go on", s->path);
}

/* One call of inflate: from the buffer to `to`. */
static enum status inflate_some(struct byte_source *s, unsigned char *to, size_t want, size_t *got, struct err *e)
{
  unsigned room = want < INFLATE_MOST ? (unsigned)want : INFLATE_MOST;
  s->z.next_in = s->buffer + s->begin;
  s->z.avail_in = (unsigned)(s->end - s->begin);
  s->z.next_out = to;
  s->z.avail_out = room;
  int code = inflate(&s->z, Z_NO_FLUSH);
  s->begin = s->end - s->z.avail_in;
  *got = room - s->z.avail_out;
  if (code == Z_STREAM_END)
    s->between_members = true;
  else if (code == Z_MEM_ERROR)
    return err_set(e, STATUS_NO_MEMORY, "%s: zlib has no memory", s->path);
  else if (code != Z_OK && code != Z_BUF_ERROR)
    return err_set(e, STATUS_BAD_DATA, "%s: byte %llu: the gzip stream is damaged (%s)", s->path, file_position(s),
                   s->z.msg ? s->z.msg : zError(code));
  return STATUS_OK;
}

/* want 0 would never reach the trailer: callers ask for one byte more than they expect. */
static enum status read_gzip(struct byte_source *s, unsigned char *to, size_t want, size_t *got, struct err *e)
{
  enum status status = STATUS_OK;
  while (*got < want && !s->ended && status == STATUS_OK) {
    size_t n = 0;
    if (s->begin == s->end && (status = refill(s, e)) != STATUS_OK)
      break;
    if (s->between_members)
      status = next_member(s, e);
    else if (s->begin == s->end)
      status = err_set(e, STATUS_BAD_DATA, "%s: byte %llu: the gzip stream ends early; is the file cut off?", s->path,
                       file_position(s));
    else
      status = inflate_some(s, to + *got, want - *got, &n, e);
    *got += n;
  }
  return status;
}

enum status bytes_read(struct byte_source *s, void *to, size_t want, size_t *got, struct err *e)
{
  *got = 0;
  enum status status = s->gzipped ? read_gzip(s, to, want, got, e) : read_plain(s, to, want, got, e);
  s->delivered += *got;
  return status;
}
