/* events.c: the scalars of TensorBoard's event files. See import.h.
 *
 * A folder with event files is one run, known by its path below the source; the files follow each other in the order of
 * their names, and where they overlap the later one counts. A file is a row of records (TFRecord: tensorflow/core/lib/
 * io/record_writer.cc): u64 length, checksum of the length, data, checksum of the data; the data is a protocol buffer
 * (tensorflow/core/util/event.proto, framework/summary.proto). Scalars are a simple_value or a tensor of one float or
 * double; all else is passed over. A last record that is cut off ends the file, as in a run that was killed. */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/import/import.h"
#include "experiments/data/read_whole.h"
#include "experiments/kernel/mem.h"

/* --- records ---------------------------------------------------------------------------------- */

struct bytes { const unsigned char *at, *end; };

static uint64_t little_endian(const unsigned char *p, int n)
{
  uint64_t v = 0;
  for (int i = n; i-- > 0;)
    v = v << 8 | p[i];
  return v;
}

/* CRC-32C (Castagnoli), reflected, and then masked as TFRecord does. */
static uint32_t masked_crc(const unsigned char *p, size_t n)
{
  uint32_t crc = 0xffffffffU;
  for (size_t i = 0; i < n; i++) {
    crc ^= p[i];
    for (int bit = 0; bit < 8; bit++)
      crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78U : 0);
  }
  crc = ~crc;
  return (crc >> 15 | crc << 17) + 0xa282ead8U;
}

enum record { RECORD, RECORD_END, RECORD_CUT, RECORD_WRONG };

static enum record next_record(struct bytes *file, struct bytes *data)
{
  size_t left = (size_t)(file->end - file->at);
  const unsigned char *p = file->at;
  if (left == 0)
    return RECORD_END;
  if (left < 12)
    return RECORD_CUT;
  uint64_t n = little_endian(p, 8);
  if (masked_crc(p, 8) != little_endian(p + 8, 4))
    return RECORD_WRONG;
  if (left - 12 < 4 || n > left - 16)
    return RECORD_CUT;
  *data = (struct bytes){p + 12, p + 12 + n};
  if (masked_crc(data->at, n) != little_endian(data->end, 4))
    return RECORD_WRONG;
  file->at = data->end + 4;
  return RECORD;
}

/* --- protocol buffers ------------------------------------------------------------------------- */

enum wire { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };
struct field { uint64_t number; enum wire wire; uint64_t value; struct bytes bytes; };

static bool varint(struct bytes *b, uint64_t *v)
{
  *v = 0;
  for (int shift = 0; shift < 64 && b->at < b->end; shift += 7) {
    unsigned char c = *b->at++;
    *v |= (uint64_t)(c & 0x7f) << shift;
    if (!(c & 0x80))
      return true;
  }
  return false;
}

/* The next field of a message; false at its end, or (b->at < b->end) where it is none. */
static bool next_field(struct bytes *b, struct field *f)
{
  uint64_t key, n;
  struct bytes from = *b;
  if (b->at == b->end || !varint(&from, &key))
    return false;
  *f = (struct field){.number = key >> 3, .wire = (enum wire)(key & 7)};
  size_t left = (size_t)(from.end - from.at), fixed = f->wire == WIRE_64 ? 8 : 4;
  switch (f->wire) {
  case WIRE_VARINT:
    if (!varint(&from, &f->value))
      return false;
    break;
  case WIRE_64:
  case WIRE_32:
    if (left < fixed)
      return false;
    f->value = little_endian(from.at, (int)fixed);
    from.at += fixed;
    break;
  case WIRE_BYTES:
    if (!varint(&from, &n) || n > (size_t)(from.end - from.at))
      return false;
    f->bytes = (struct bytes){from.at, from.at + n};
    from.at += n;
    break;
  default: return false;
  }
  b->at = from.at;
  return true;
}

static double as_float(uint64_t bits)
{
  uint32_t low = (uint32_t)bits;
  float v;
  memcpy(&v, &low, sizeof v);
  return (double)v;
}

static double as_double(uint64_t bits)
{
  double v;
  memcpy(&v, &bits, sizeof v);
  return v;
}

/* --- events ----------------------------------------------------------------------------------- */

/* A tensor of one float (dtype 1) or double (2): as raw content (4), or as the one of float_val (5) or double_val (6). */
static bool read_tensor(struct bytes b, double *out)
{
  struct field f;
  uint64_t type = 0;
  bool found = false;
  while (next_field(&b, &f)) {
    size_t n = (size_t)(f.bytes.end - f.bytes.at), size = f.number == 6 || (f.number == 4 && type == 2) ? 8 : 4;
    if (f.number == 1 && f.wire == WIRE_VARINT)
      type = f.value;
    if (f.number < 4 || f.number > 6 || (f.wire == WIRE_BYTES && n != size))
      continue;
    uint64_t bits = f.wire == WIRE_BYTES ? little_endian(f.bytes.at, (int)size) : f.value;
    *out = size == 8 ? as_double(bits) : as_float(bits);
    found = true;
  }
  return found && b.at == b.end && (type == 1 || type == 2);
}

struct scalar { struct bytes tag; double value; bool found; };

static bool read_value(struct bytes b, struct scalar *out)
{
  struct field f;
  *out = (struct scalar){0};
  while (next_field(&b, &f)) {
    if (f.number == 1 && f.wire == WIRE_BYTES)
      out->tag = f.bytes;
    else if (f.number == 2 && f.wire == WIRE_32) {
      out->value = as_float(f.value);
      out->found = true;
    } else if (f.number == 8 && f.wire == WIRE_BYTES && read_tensor(f.bytes, &out->value)) {
      out->found = true;
    }
  }
  return b.at == b.end;
}

struct reading { struct import *m; size_t at; double first, last; bool cut; };

static enum status take_scalar(struct reading *r, const struct scalar *v, int64_t step, struct err *e)
{
  size_t n = (size_t)(v->tag.end - v->tag.at);
  json_t *name = v->found && n && !memchr(v->tag.at, 0, n) ? json_stringn((const char *)v->tag.at, n) : NULL;
  enum status s = name ? import_point(r->m, r->at, json_string_value(name), step, v->value, e) : STATUS_OK;
  json_decref(name);
  return s;
}

/* One event: its time (1), step (2) and summary (5), in which each field 1 is a value. */
static enum status take_event(struct reading *r, struct bytes b, const char *path, struct err *e)
{
  struct field f;
  struct bytes summary = {0};
  int64_t step = 0;
  while (next_field(&b, &f)) {
    if (f.number == 1 && f.wire == WIRE_64)
      r->last = as_double(f.value);
    else if (f.number == 2 && f.wire == WIRE_VARINT)
      step = (int64_t)f.value;
    else if (f.number == 5 && f.wire == WIRE_BYTES)
      summary = f.bytes;
  }
  r->first = isnan(r->first) ? r->last : r->first;
  enum status s = STATUS_OK;
  bool whole = b.at == b.end;
  while (s == STATUS_OK && whole && next_field(&summary, &f)) {
    struct scalar v;
    if (f.number != 1 || f.wire != WIRE_BYTES)
      continue;
    whole = read_value(f.bytes, &v);
    if (whole)
      s = take_scalar(r, &v, step, e);
  }
  return s == STATUS_OK && (!whole || summary.at != summary.end) ? err_set(e, STATUS_BAD_DATA, "%s: an event is damaged", path) : s;
}

static enum status take_file(struct reading *r, const char *path, struct err *e)
{
  struct whole w;
  enum status s = whole_read(&w, path, e);
  if (s != STATUS_OK)
    return s;
  struct bytes file = {w.bytes, w.bytes + w.n}, data;
  enum record kind = RECORD_END;
  while (s == STATUS_OK && (kind = next_record(&file, &data)) == RECORD)
    s = take_event(r, data, path, e);
  r->cut = r->cut || kind == RECORD_CUT;
  if (s == STATUS_OK && kind == RECORD_WRONG)
    s = err_set(e, STATUS_BAD_DATA, "%s: byte %zu: the checksum of a record is wrong", path, (size_t)(file.at - w.bytes));
  whole_free(&w);
  return s;
}

/* --- folders ---------------------------------------------------------------------------------- */

static bool is_event_file(const char *name) { return strstr(name, ".tfevents.") != NULL; }

static bool is_folder(const char *path)
{
  struct stat st;
  return lstat(path, &st) == 0 && S_ISDIR(st.st_mode); /* no links: they could lead around in a circle */
}

struct listing { struct dirent **entry; int n; };

static struct listing list_folder(const char *path)
{
  struct listing l = {0};
  l.n = scandir(path, &l.entry, NULL, alphasort);
  return l;
}

static void listing_done(struct listing *l)
{
  for (int i = 0; i < l->n; i++)
    free(l->entry[i]);
  free(l->entry);
}

/* The run begins with what its first event says, so its times come at the end. */
static enum status begin_run(struct reading *r, const char *label, struct err *e)
{
  json_t *config = json_pack("{s:s}", "run", label);
  const struct import_head head = {.label = label, .config = config, .note = label};
  enum status s = config ? import_begin(r->m, &head, &r->at, e) : err_set(e, STATUS_BAD_DATA, "%s: not UTF-8", label);
  json_decref(config);
  return s;
}

static void end_run(struct reading *r)
{
  struct import_run *run = &r->m->run[r->at];
  bool timed = r->first > 0 && r->last >= r->first && r->last < 1e11;
  if (timed) {
    import_time(r->first, run->started_at);
    import_time(r->last, run->ended_at);
  }
  import_end(r->m, r->at, &(struct store_run_end){.status = r->cut ? STORE_LOST : STORE_DONE, .error = r->cut ? "the last event is cut off" : NULL,
                                                  .wall_s = timed ? r->last - r->first : (double)NAN, .cpu_s = (double)NAN});
}

static enum status take_run(struct import *m, const char *folder, const struct listing *l, const char *label, struct err *e)
{
  struct reading r = {.m = m, .first = (double)NAN, .last = (double)NAN};
  enum status s = STATUS_OK;
  size_t files = 0;
  for (int i = 0; i < l->n && s == STATUS_OK; i++) {
    if (!is_event_file(l->entry[i]->d_name))
      continue;
    char *path = xasprintf("%s/%s", folder, l->entry[i]->d_name);
    if (files++ == 0)
      s = begin_run(&r, label, e);
    if (s == STATUS_OK)
      s = take_file(&r, path, e);
    free(path);
  }
  if (s == STATUS_OK && files)
    end_run(&r);
  return s;
}

enum { DEPTH_MAX = 16 };

static enum status take_folder(struct import *m, const char *folder, const char *label, int depth, struct err *e)
{
  struct listing l = list_folder(folder);
  enum status s = depth > DEPTH_MAX ? err_set(e, STATUS_BAD_DATA, "%s: folders nest more than %d deep", folder, DEPTH_MAX)
                                    : take_run(m, folder, &l, *label ? label : m->name, e);
  for (int i = 0; i < l.n && s == STATUS_OK; i++) {
    const char *name = l.entry[i]->d_name;
    char *path = xasprintf("%s/%s", folder, name), *inner = xasprintf("%s%s%s", label, *label ? "/" : "", name);
    if (name[0] != '.' && is_folder(path))
      s = take_folder(m, path, inner, depth + 1, e);
    free(inner);
    free(path);
  }
  listing_done(&l);
  return s;
}

enum status import_events(struct import *m, const char *path, struct err *e)
{
  struct stat st;
  struct reading r = {.m = m, .first = (double)NAN, .last = (double)NAN};
  enum status s;
  if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
    s = take_folder(m, path, "", 0, e);
    return s == STATUS_OK && m->n == 0 ? err_set(e, STATUS_BAD_DATA, "%s: no event files of TensorBoard (*.tfevents.*)", path) : s;
  }
  if ((s = begin_run(&r, m->name, e)) == STATUS_OK && (s = take_file(&r, path, e)) == STATUS_OK)
    end_run(&r);
  return s;
}
