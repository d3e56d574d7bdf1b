/* events.c: see events.h. Values are copied as they lie in memory, so both ends must be little endian
 * (every machine that the tuned kernels know). */
#include "app/jobs/events.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "events are little endian");

/* --- writing ---------------------------------------------------------------------------------- */

/* Room for n more bytes; returns where they begin. */
static unsigned char *reserve(struct event_buffer *b, size_t n)
{
  if (b->size - b->used < n) {
    b->size = b->size ? b->size : 1 << 16;
    while (b->size - b->used < n)
      b->size *= 2;
    b->bytes = xrealloc(b->bytes, b->size);
  }
  unsigned char *at = b->bytes + b->used;
  b->used += n;
  return at;
}

static unsigned char *put_u32(unsigned char *at, uint32_t v) { return (unsigned char *)memcpy(at, &v, 4) + 4; }
static unsigned char *put_i64(unsigned char *at, int64_t v) { return (unsigned char *)memcpy(at, &v, 8) + 8; }
static unsigned char *put_f64(unsigned char *at, double v) { return (unsigned char *)memcpy(at, &v, 8) + 8; }

/* Begin a record with a payload of `size` bytes; returns where the payload begins. */
static unsigned char *begin(struct event_buffer *b, enum event_kind kind, size_t size)
{
  b->block = 0;
  unsigned char *at = reserve(b, EVENT_HEADER + size);
  return put_u32(put_u32(at, (uint32_t)size), kind);
}

/* Bytes of a text that fit a record beside the rest, with its NUL. */
static size_t text_size(const char *s)
{
  size_t n = s ? strlen(s) : 0, max = EVENT_PAYLOAD_MAX / 4;
  return (n < max ? n : max) + 1;
}

static unsigned char *put_text(unsigned char *at, const char *s, size_t size)
{
  if (size > 1)
    memcpy(at, s, size - 1);
  at[size - 1] = '\0';
  return at + size;
}

void event_put_key(struct event_buffer *b, uint32_t key, const char *name)
{
  size_t n = text_size(name);
  put_text(put_u32(begin(b, EVENT_KEY, 4 + n), key), name, n);
}

void event_put_start(struct event_buffer *b, uint32_t run) { put_u32(begin(b, EVENT_START, 4), run); }

void event_put_metric(struct event_buffer *b, uint32_t run, uint32_t key, int64_t step, double value)
{
  if (!b->block) {
    size_t offset = b->used;
    begin(b, EVENT_METRICS, 0);
    b->block = offset + 1;
  }
  unsigned char *at = reserve(b, EVENT_METRIC_SIZE), *head = b->bytes + b->block - 1;
  put_f64(put_i64(put_u32(put_u32(at, run), key), step), value);
  uint32_t size = (uint32_t)(b->used - (b->block - 1) - EVENT_HEADER);
  put_u32(head, size);
  if (size > EVENT_PAYLOAD_MAX / 2)
    b->block = 0;
}

void event_put_number(struct event_buffer *b, uint32_t run, const char *name, double value)
{
  size_t n = text_size(name);
  put_text(put_f64(put_u32(begin(b, EVENT_NUMBER, 12 + n), run), value), name, n);
}

void event_put_text(struct event_buffer *b, uint32_t run, const char *name, const char *text)
{
  size_t n = text_size(name), m = text_size(text);
  put_text(put_text(put_u32(begin(b, EVENT_TEXT, 4 + n + m), run), name, n), text, m);
}

void event_put_artifact(struct event_buffer *b, uint32_t run, const char *name, const char *kind, const void *bytes, size_t n)
{
  size_t n_name = text_size(name), n_kind = text_size(kind);
  unsigned char *at = put_u32(begin(b, EVENT_ARTIFACT, 4 + n_name + n_kind + n), run);
  at = put_text(put_text(at, name, n_name), kind, n_kind);
  if (n)
    memcpy(at, bytes, n);
}

void event_put_message(struct event_buffer *b, uint32_t run, const char *text)
{
  size_t n = text_size(text);
  put_text(put_u32(begin(b, EVENT_MESSAGE, 4 + n), run), text, n);
}

void event_put_progress(struct event_buffer *b, uint32_t run, double fraction)
{
  put_f64(put_u32(begin(b, EVENT_PROGRESS, 12), run), fraction);
}

void event_put_end(struct event_buffer *b, uint32_t run, uint32_t status, double wall_s, double cpu_s, int64_t peak_b,
                   const char *error)
{
  size_t n = text_size(error);
  unsigned char *at = put_u32(put_u32(begin(b, EVENT_END, 32 + n), run), status);
  put_text(put_i64(put_f64(put_f64(at, wall_s), cpu_s), peak_b), error, n);
}

void event_put_task_end(struct event_buffer *b, uint32_t status, const char *text)
{
  size_t n = text_size(text);
  put_text(put_u32(begin(b, EVENT_TASK_END, 4 + n), status), text, n);
}

void event_buffer_free(struct event_buffer *b)
{
  free(b->bytes);
  *b = (struct event_buffer){0};
}

/* --- reading ---------------------------------------------------------------------------------- */

/* What is left of a payload; `bad` once something did not fit. */
struct cursor { const unsigned char *at; size_t left; bool bad; };

static void take(struct cursor *c, void *out, size_t n)
{
  memset(out, 0, n);
  if (c->left < n) {
    c->bad = true;
    return;
  }
  memcpy(out, c->at, n);
  c->at += n;
  c->left -= n;
}

static uint32_t take_u32(struct cursor *c) { uint32_t v; take(c, &v, 4); return v; }
static int64_t take_i64(struct cursor *c) { int64_t v; take(c, &v, 8); return v; }
static double take_f64(struct cursor *c) { double v; take(c, &v, 8); return v; }

static const char *take_text(struct cursor *c)
{
  const unsigned char *end = c->left ? memchr(c->at, 0, c->left) : NULL;
  const char *text = (const char *)c->at;
  if (!end) {
    c->bad = true;
    return "";
  }
  c->left -= (size_t)(end - c->at) + 1;
  c->at = end + 1;
  return text;
}

static void take_metrics(struct cursor *c, struct event *out)
{
  out->metrics = c->at;
  out->n_metrics = c->left / EVENT_METRIC_SIZE;
  c->bad = c->left % EVENT_METRIC_SIZE != 0;
  c->left = 0;
}

static void take_bytes(struct cursor *c, struct event *out)
{
  out->bytes = c->at;
  out->n_bytes = c->left;
  c->left = 0;
}

static void decode_payload(struct cursor *c, struct event *out)
{
  switch (out->kind) {
  case EVENT_KEY: out->key = take_u32(c); out->name = take_text(c); return;
  case EVENT_START: out->run = take_u32(c); return;
  case EVENT_METRICS: take_metrics(c, out); return;
  case EVENT_NUMBER: out->run = take_u32(c); out->value = take_f64(c); out->name = take_text(c); return;
  case EVENT_TEXT: out->run = take_u32(c); out->name = take_text(c); out->text = take_text(c); return;
  case EVENT_MESSAGE: out->run = take_u32(c); out->text = take_text(c); return;
  case EVENT_PROGRESS: out->run = take_u32(c); out->value = take_f64(c); return;
  case EVENT_END:
    out->run = take_u32(c);
    out->status = take_u32(c);
    out->wall_s = take_f64(c);
    out->cpu_s = take_f64(c);
    out->peak_b = take_i64(c);
    out->text = take_text(c);
    return;
  case EVENT_TASK_END: out->status = take_u32(c); out->text = take_text(c); return;
  case EVENT_ARTIFACT: out->run = take_u32(c); out->name = take_text(c); out->text = take_text(c); take_bytes(c, out); return;
  }
  c->bad = true;
}

int event_decode(const unsigned char *bytes, size_t n, struct event *out, size_t *used)
{
  uint32_t head[2];
  if (n < EVENT_HEADER)
    return 0;
  memcpy(head, bytes, sizeof head);
  if (head[0] > EVENT_PAYLOAD_MAX || head[1] < EVENT_KEY || head[1] > EVENT_ARTIFACT)
    return -1;
  if (n - EVENT_HEADER < head[0])
    return 0;
  struct cursor c = {.at = bytes + EVENT_HEADER, .left = head[0]};
  *out = (struct event){.kind = (enum event_kind)head[1], .name = "", .text = ""};
  decode_payload(&c, out);
  *used = EVENT_HEADER + head[0];
  return c.bad || c.left ? -1 : 1;
}

struct event_metric event_metric_at(const struct event *e, size_t i)
{
  struct event_metric m;
  const unsigned char *at = e->metrics + i * EVENT_METRIC_SIZE;
  memcpy(&m.run, at, 4);
  memcpy(&m.key, at + 4, 4);
  memcpy(&m.step, at + 8, 8);
  memcpy(&m.value, at + 16, 8);
  return m;
}
