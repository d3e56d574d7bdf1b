/* read_npz.c: see read_npz.h.
 *
 * Nothing is trusted: offsets and sizes are 64-bit, added with overflow checks and compared with the file. The
 * compressed sizes together may not exceed the file (members that overlap are how a small zip asks for
 * petabytes), and a member may not claim more than deflate can give. */
#include "experiments/data/read_npz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "experiments/data/read_npy.h"
#include "experiments/data/read_table.h"
#include "experiments/kernel/mem.h"

#define END_SIZE      22 /* end of central directory */
#define COMMENT_MAX   65535
#define LOCATOR_SIZE  20 /* of the zip64 end */
#define END64_SIZE    56
#define ENTRY_SIZE    46 /* of the central directory */
#define LOCAL_SIZE    30 /* header in front of a member */
#define DEFLATE_RATIO 1032
#define INFLATE_MOST  (1u << 30) /* zlib counts in 32 bits */

struct directory {
  uint64_t at, size, n; /* place, bytes, members */
};

struct member {
  char *name; /* owned */
  unsigned method;
  uint32_t crc;
  uint64_t packed, size, header_at;
  const unsigned char *data; /* `packed` bytes */
};

static uint64_t number(const unsigned char *b, size_t size)
{
  uint64_t v = 0;
  while (size-- > 0)
    v = v << 8 | b[size];
  return v;
}

/* Does [at, at + size) lie in the file? */
static bool inside(const struct whole *f, uint64_t at, uint64_t size) { return at <= f->n && size <= f->n - at; }

static enum status bad(const struct whole *f, struct err *e, const char *what)
{
  return err_set(e, STATUS_BAD_DATA, "%s: %s", f->name, what);
}

static enum status bad_member(const struct whole *f, const char *name, struct err *e, const char *what)
{
  char seen[TEXT_QUOTE_MAX];
  return err_set(e, STATUS_BAD_DATA, "%s: member %s: %s", f->name, text_quote(name, seen), what);
}

/* The end record: the last one whose comment reaches exactly the end of the file. */
static bool find_end(const struct whole *f, size_t *at)
{
  for (size_t comment = 0; comment <= COMMENT_MAX && f->n >= END_SIZE + comment; comment++) {
    const unsigned char *b = f->bytes + f->n - END_SIZE - comment;
    if (memcmp(b, "PK\5\6", 4) == 0 && number(b + 20, 2) == comment) {
      *at = f->n - END_SIZE - comment;
      return true;
    }
  }
  return false;
}

/* The zip64 end record, if there is one in front of the end record at `at`. */
static enum status read_end64(const struct whole *f, size_t at, struct directory *d, struct err *e)
{
  if (at < LOCATOR_SIZE || memcmp(f->bytes + at - LOCATOR_SIZE, "PK\6\7", 4) != 0)
    return STATUS_OK;
  uint64_t end = number(f->bytes + at - LOCATOR_SIZE + 8, 8);
  if (!inside(f, end, END64_SIZE) || memcmp(f->bytes + end, "PK\6\6", 4) != 0)
    return bad(f, e, "the zip64 directory is not where it should be");
  const unsigned char *b = f->bytes + end;
  if (number(b + 16, 4) || number(b + 20, 4) || number(b + 24, 8) != number(b + 32, 8))
    return bad(f, e, "a zip on several disks");
  *d = (struct directory){.n = number(b + 32, 8), .size = number(b + 40, 8), .at = number(b + 48, 8)};
  return STATUS_OK;
}

static enum status read_end(const struct whole *f, struct directory *d, struct err *e)
{
  size_t at;
  if (!find_end(f, &at))
    return bad(f, e, "not a zip (NPZ) file, or cut off: it has no central directory");
  const unsigned char *b = f->bytes + at;
  if (number(b + 4, 2) != number(b + 6, 2) || number(b + 8, 2) != number(b + 10, 2))
    return bad(f, e, "a zip on several disks");
  *d = (struct directory){.n = number(b + 10, 2), .size = number(b + 12, 4), .at = number(b + 16, 4)};
  enum status s = read_end64(f, at, d, e);
  if (s == STATUS_OK && (!inside(f, d->at, d->size) || d->at + d->size > at || d->n > d->size / ENTRY_SIZE))
    s = bad(f, e, "the central directory does not fit into the file");
  return s;
}

/* The sizes that did not fit into 32 bits stand in an extra field, in this order. */
static bool read_extra64(struct member *m, const unsigned char *extra, size_t n)
{
  uint64_t *const wide[] = {&m->size, &m->packed, &m->header_at};
  size_t at = 0;
  while (n - at >= 4 && number(extra + at, 2) != 1)
    at += 4 + number(extra + at + 2, 2) < n - at ? 4 + number(extra + at + 2, 2) : n - at;
  size_t left = n - at >= 4 && number(extra + at + 2, 2) <= n - at - 4 ? number(extra + at + 2, 2) : 0;
  at += 4;
  for (size_t k = 0; k < 3; k++)
    if (*wide[k] == UINT32_MAX) {
      if (left < 8)
        return false;
      *wide[k] = number(extra + at, 8);
      at += 8;
      left -= 8;
    }
  return true;
}

/* The member's data, behind its local header. */
static enum status find_data(const struct whole *f, struct member *m, struct err *e)
{
  if (!inside(f, m->header_at, LOCAL_SIZE) || memcmp(f->bytes + m->header_at, "PK\3\4", 4) != 0)
    return bad_member(f, m->name, e, "it is not where the directory says");
  const unsigned char *b = f->bytes + m->header_at;
  uint64_t named = number(b + 26, 2), at = m->header_at + LOCAL_SIZE + named + number(b + 28, 2);
  if (!inside(f, at, m->packed))
    return bad_member(f, m->name, e, "its data end past the file");
  if (named < strlen(m->name) || memcmp(b + LOCAL_SIZE, m->name, strlen(m->name)) != 0)
    return bad_member(f, m->name, e, "the directory and the member disagree about its name");
  m->data = f->bytes + at;
  return STATUS_OK;
}

static enum status check_member(const struct whole *f, const struct member *m, unsigned flags, struct err *e)
{
  size_t n = strlen(m->name);
  if (n < 5 || strcmp(m->name + n - 4, ".npy") != 0)
    return bad_member(f, m->name, e, "it is no .npy array");
  if (flags & 1)
    return bad_member(f, m->name, e, "it is encrypted");
  if (m->method != 0 && m->method != 8)
    return bad_member(f, m->name, e, "it is neither stored nor deflated");
  if (m->method == 0 ? m->size != m->packed : m->size / DEFLATE_RATIO > m->packed)
    return bad_member(f, m->name, e, "its compressed data cannot hold the size it claims");
  return STATUS_OK;
}

/* The entry at *at of the directory that ends at `end`; *at moves on. */
static enum status read_entry(const struct whole *f, uint64_t *at, uint64_t end, struct member *m, struct err *e)
{
  if (end - *at < ENTRY_SIZE || memcmp(f->bytes + *at, "PK\1\2", 4) != 0)
    return bad(f, e, "the central directory is damaged");
  const unsigned char *b = f->bytes + *at;
  uint64_t named = number(b + 28, 2), extra = number(b + 30, 2), comment = number(b + 32, 2);
  if (named + extra + comment > end - *at - ENTRY_SIZE)
    return bad(f, e, "the central directory is damaged");
  m->method = (unsigned)number(b + 10, 2);
  m->crc = (uint32_t)number(b + 16, 4);
  m->packed = number(b + 20, 4);
  m->size = number(b + 24, 4);
  m->header_at = number(b + 42, 4);
  m->name = xcalloc(named + 1, 1);
  memcpy(m->name, b + ENTRY_SIZE, named);
  *at += ENTRY_SIZE + named + extra + comment;
  if (!read_extra64(m, b + ENTRY_SIZE + named, extra))
    return bad_member(f, m->name, e, "its zip64 sizes are missing");
  enum status s = check_member(f, m, (unsigned)number(b + 8, 2), e);
  return s == STATUS_OK ? find_data(f, m, e) : s;
}

/* m->size bytes out of m->packed: exactly. */
static bool inflate_all(const struct member *m, unsigned char *to)
{
  z_stream z = {0};
  uint64_t in = 0, out = 0;
  unsigned char beyond = 0;
  int code = inflateInit2(&z, -15); /* no wrapper */
  if (code != Z_OK)
    return false;
  while (code == Z_OK) {
    uint64_t given = m->packed - in, room = m->size - out;
    z.next_in = (unsigned char *)m->data + in;
    z.avail_in = given < INFLATE_MOST ? (unsigned)given : INFLATE_MOST;
    z.next_out = room ? to + out : &beyond; /* one byte more shows that there is too much */
    z.avail_out = room == 0 ? 1 : room < INFLATE_MOST ? (unsigned)room : INFLATE_MOST;
    unsigned gave = z.avail_in, had = z.avail_out;
    code = inflate(&z, Z_NO_FLUSH);
    in += gave - z.avail_in;
    out += had - z.avail_out;
    if (out > m->size)
      code = Z_DATA_ERROR;
  }
  inflateEnd(&z);
  return code == Z_STREAM_END && out == m->size && in == m->packed;
}

static uint32_t check_sum(const unsigned char *b, uint64_t n)
{
  uLong crc = crc32(0, NULL, 0);
  for (uint64_t at = 0; at < n;) {
    uInt now = n - at < INFLATE_MOST ? (uInt)(n - at) : INFLATE_MOST;
    crc = crc32(crc, b + at, now);
    at += now;
  }
  return (uint32_t)crc;
}

/* The member's array as tensor i; its bytes, if it was compressed, as block i. */
static enum status unpack(struct tensors *out, size_t i, const struct member *m, struct err *e)
{
  const struct whole *f = &out->file;
  const unsigned char *bytes = m->data;
  char seen[TEXT_QUOTE_MAX];
  enum status s = STATUS_OK;
  void *memory = NULL;
  if (m->method == 8) {
    s = mem_new(&memory, m->size, 1, "a decompressed array", e);
    if (s != STATUS_OK)
      return s;
    bytes = out->block[i] = memory;
    if (!inflate_all(m, memory))
      return bad_member(f, m->name, e, "its compressed data are damaged");
  }
  if (check_sum(bytes, m->size) != m->crc)
    return bad_member(f, m->name, e, "its check sum is wrong");
  char *where = xasprintf("%s: member %s", f->name, text_quote(m->name, seen));
  struct whole inner = whole_of(where, bytes, m->size);
  s = npy_parse(&out->t[i], &inner, e);
  whole_free(&inner);
  free(where);
  return s;
}

static int by_name(const void *a, const void *b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum status check_names(const struct tensors *out, struct err *e)
{
  char **names = xcalloc(out->n + 1, sizeof *names);
  enum status s = STATUS_OK;
  for (size_t i = 0; i < out->n; i++)
    names[i] = out->t[i].name;
  qsort(names, out->n, sizeof *names, by_name);
  for (size_t i = 1; i < out->n && s == STATUS_OK; i++)
    if (strcmp(names[i], names[i - 1]) == 0)
      s = bad_member(&out->file, names[i], e, "there are two of this name");
  free(names);
  return s;
}

enum status npz_parse(struct tensors *out, struct err *e)
{
  const struct whole *f = &out->file;
  struct directory d = {0};
  uint64_t packed = 0;
  enum status s = read_end(f, &d, e);
  if (s != STATUS_OK)
    return s;
  out->t = xcalloc(d.n + 1, sizeof *out->t);
  out->block = xcalloc(d.n + 1, sizeof *out->block);
  for (uint64_t at = d.at, end = d.at + d.size; s == STATUS_OK && out->n < d.n;) {
    struct member m = {0};
    size_t i = out->n;
    s = read_entry(f, &at, end, &m, e);
    if (s == STATUS_OK && (packed += m.packed) > f->n)
      s = bad_member(f, m.name, e, "it overlaps others");
    if (s == STATUS_OK && m.name) {
      s = unpack(out, i, &m, e);
      m.name[strlen(m.name) - 4] = '\0'; /* .npy */
      out->t[i].name = m.name;
      out->n++;
    } else {
      free(m.name);
    }
  }
  return s == STATUS_OK ? check_names(out, e) : s;
}

enum status npz_read(struct tensors *out, const char *path, struct err *e)
{
  *out = (struct tensors){0};
  enum status s = whole_read(&out->file, path, e);
  if (s == STATUS_OK)
    s = npz_parse(out, e);
  if (s != STATUS_OK)
    tensors_free(out);
  return s;
}
