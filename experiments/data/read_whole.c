/* read_whole.c: see read_whole.h. */
#include "experiments/data/read_whole.h"

#include <stdint.h>
#include <stdlib.h>

#include "experiments/data/read_bytes.h"
#include "experiments/kernel/mem.h"

#define FIRST_ROOM (256u * 1024)

/* Room to start with: a plain file's size and one byte, at which its end shows. */
static size_t first_room(const struct byte_source *s)
{
  uint64_t size = bytes_file_size(s);
  return bytes_gzipped(s) || size >= SIZE_MAX / 2 ? FIRST_ROOM : (size_t)size + 1;
}

static enum status read_all(struct whole *w, struct byte_source *s, struct err *e)
{
  unsigned char *bytes = NULL;
  size_t room = 0, n = 0, got = 0;
  enum status status = STATUS_OK;
  do {
    n += got;
    if (n == room) {
      room = room ? 2 * room : first_room(s);
      unsigned char *more = room <= SIZE_MAX / 2 ? realloc(bytes, room + 1) : NULL;
      if (!more) {
        status = err_set(e, STATUS_NO_MEMORY, "%s: no memory for %zu bytes", bytes_path(s), room);
        break;
      }
      bytes = more;
    }
    status = bytes_read(s, bytes + n, room - n, &got, e);
  } while (status == STATUS_OK && got);
  if (status != STATUS_OK || !bytes) {
    free(bytes);
    return status;
  }
  bytes[n] = '\0';
  w->bytes = bytes;
  w->n = n;
  return STATUS_OK;
}

enum status whole_read(struct whole *w, const char *path, struct err *e)
{
  struct byte_source *s;
  *w = (struct whole){.owned = true};
  enum status status = bytes_open(&s, path, e);
  if (status == STATUS_OK)
    status = read_all(w, s, e);
  bytes_close(s);
  if (status == STATUS_OK)
    w->name = xstrdup(path);
  return status;
}

struct whole whole_of(const char *name, const void *bytes, size_t n)
{
  return (struct whole){.name = xstrdup(name), .bytes = bytes, .n = n};
}

void whole_free(struct whole *w)
{
  if (w->owned)
    free((void *)w->bytes);
  free(w->name);
  *w = (struct whole){0};
}
