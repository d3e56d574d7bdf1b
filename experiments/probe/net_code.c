/* net_code.c: see net_code.h. The encoder and the decoder make the same choices in the same order: one text, `struct pen`, for both. */
#include "experiments/probe/net_code.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/half.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/tail.h"
#include "experiments/probe/range_code.h"

#define VALUES 65536
#define BOOK_MAX 1024 /* more values are coded plainly: finding one takes time in proportion to their number */

/* Writes, or reads when `read` is set. */
struct pen {
  bool read;
  struct range_encoder out;
  struct range_decoder in;
};

/* One of `total` equally likely numbers; returns it. */
static uint64_t pen_number(struct pen *p, uint64_t number, uint64_t total)
{
  if (p->read) {
    number = range_decode(&p->in, total);
    range_decode_take(&p->in, number, 1, total);
  } else {
    range_encode(&p->out, number, 1, total);
  }
  return number;
}

/* One of the kinds, of which left[] remain, `total` together; returns it and takes one away. */
static size_t pen_kind(struct pen *p, size_t kind, uint64_t *left, size_t kinds, uint64_t total)
{
  uint64_t at = 0, seen = p->read ? range_decode(&p->in, total) : 0;
  size_t j = 0;
  for (; j + 1 < kinds && (p->read ? at + left[j] <= seen : j < kind); j++)
    at += left[j];
  kind = j;
  if (p->read)
    range_decode_take(&p->in, at, left[kind], total);
  else
    range_encode(&p->out, at, left[kind], total);
  left[kind]--;
  return kind;
}

/* --- one run ------------------------------------------------------------------------------------------------------- */

/* The numbers of a run as halves, and what it takes to code them by a codebook. */
struct run {
  size_t n, kept, values;
  uint16_t *half;
  uint32_t *count;    /* [VALUES]: how often each half occurs; 0 is not counted */
  uint16_t *book;     /* [VALUES]: the values, ascending as bits */
  uint32_t *place;    /* [VALUES]: where a half stands in the book */
  uint64_t *left;     /* [VALUES] */
};

static void survey(struct run *r)
{
  memset(r->count, 0, VALUES * sizeof *r->count);
  r->kept = r->values = 0;
  for (size_t i = 0; i < r->n; i++)
    if (r->half[i]) {
      r->count[r->half[i]]++;
      r->kept++;
    }
  for (size_t v = 1; v < VALUES; v++)
    if (r->count[v]) {
      r->place[v] = (uint32_t)r->values;
      r->book[r->values++] = (uint16_t)v;
    }
}

static size_t most_values(const struct run *r) { return r->kept < BOOK_MAX ? r->kept : BOOK_MAX; }

/* Numbers that the count of value v may take, when `rest` are left for it and those after it: each occurs at least once. */
static uint64_t most_count(const struct run *r, size_t v, uint64_t rest) { return rest - (r->values - 1 - v); }

/* Bits of a run coded by its codebook: kept, mask, number of values, values, counts, which is where. */
static double book_bits(const struct run *r)
{
  double nats = log1p((double)r->n) + log_choose((double)r->n, (double)r->kept) + lgamma((double)r->kept + 1);
  uint64_t rest = r->kept;
  if (r->values > BOOK_MAX)
    return INFINITY;
  nats += r->kept ? log((double)most_values(r)) : 0;
  for (size_t v = 0; v < r->values; v++) {
    uint32_t count = r->count[r->book[v]];
    nats -= lgamma((double)count + 1);
    nats += v + 1 < r->values ? log((double)most_count(r, v, rest)) : 0; /* the last takes what is left */
    rest -= count;
  }
  return nats / M_LN2 + 16 * (double)r->values;
}

/* Which are kept: half[i] = 1 or 0 when reading. */
static void pen_mask(struct pen *p, struct run *r)
{
  uint64_t left[2] = {r->n - r->kept, r->kept};
  for (size_t i = 0; i < r->n; i++) {
    size_t kept = pen_kind(p, r->half[i] != 0, left, 2, r->n - i);
    if (p->read)
      r->half[i] = (uint16_t)kept;
  }
}

/* Each value, and how often it occurs: at least once. */
static void pen_book(struct pen *p, struct run *r)
{
  uint64_t rest = r->kept;
  for (size_t v = 0; v < r->values; v++) {
    uint64_t count = p->read ? 0 : r->count[r->book[v]];
    r->book[v] = (uint16_t)pen_number(p, p->read ? 0 : r->book[v], VALUES);
    r->left[v] = v + 1 < r->values ? pen_number(p, count - 1, most_count(r, v, rest)) + 1 : rest;
    rest -= r->left[v];
  }
}

static void pen_values(struct pen *p, struct run *r)
{
  uint64_t rest = r->kept;
  for (size_t i = 0; i < r->n; i++)
    if (r->half[i]) {
      size_t v = pen_kind(p, p->read ? 0 : r->place[r->half[i]], r->left, r->values, rest--);
      if (p->read)
        r->half[i] = r->book[v];
    }
}

static void pen_run(struct pen *p, struct run *r)
{
  bool plain = pen_number(p, !p->read && 16 * (double)r->n <= book_bits(r), 2);
  for (size_t i = 0; plain && i < r->n; i++)
    r->half[i] = (uint16_t)pen_number(p, r->half[i], VALUES);
  if (plain)
    return;
  r->kept = pen_number(p, r->kept, r->n + 1);
  r->values = r->kept ? pen_number(p, r->values - 1, most_values(r)) + 1 : 0;
  pen_mask(p, r);
  pen_book(p, r);
  pen_values(p, r);
}

/* --- a net --------------------------------------------------------------------------------------------------------- */

size_t net_runs(const struct net *net, struct net_run *run)
{
  size_t n = 0, at = 0;
  for (size_t l = 0; l < net->n_layers; l++) {
    const struct layer *y = &net->layer[l];
    if (!y->rows)
      continue;
    run[n++] = (struct net_run){l, at, y->rows * y->cols, false};
    at += y->rows * y->cols;
    if (y->bias)
      run[n++] = (struct net_run){l, at, y->rows, true};
    at += y->bias ? y->rows : 0;
  }
  return n;
}

static enum status run_new(struct run *r, const struct net *net, struct err *e)
{
  size_t bytes = VALUES * (sizeof *r->left + sizeof *r->count + sizeof *r->place + sizeof *r->book), total;
  void *memory;
  if (!size_mul(net->n_logical, sizeof *r->half, &total) || __builtin_add_overflow(total, bytes, &total))
    total = SIZE_MAX;
  enum status s = mem_new(&memory, total, 1, "coding a net", e);
  if (s)
    return s;
  r->left = memory;
  r->count = (uint32_t *)(r->left + VALUES);
  r->place = r->count + VALUES;
  r->book = (uint16_t *)(r->place + VALUES);
  r->half = r->book + VALUES;
  return STATUS_OK;
}

static enum status check_sizes(const struct net_run *run, size_t n, struct err *e)
{
  for (size_t i = 0; i < n; i++)
    if (run[i].n >= RANGE_TOTAL_MAX)
      return err_set(e, STATUS_UNSUPPORTED, "layer %zu has %zu parameters; at most %llu can be coded", run[i].layer + 1, run[i].n,
                     (unsigned long long)RANGE_TOTAL_MAX - 1);
  return STATUS_OK;
}

static enum status take_halves(const float *x, struct run *r, struct err *e)
{
  for (size_t i = 0; i < r->n; i++) {
    r->half[i] = x[i] == 0 ? 0 : half_from_f32(x[i]);
    if (!(half_to_f32(r->half[i]) == x[i]))
      return err_set(e, STATUS_BAD_ARG, "%.9g is no number of 16 bits", (double)x[i]);
  }
  return STATUS_OK;
}

enum status net_encode(const struct net *net, const float *x, struct net_code *out, double *run_bits, struct err *e)
{
  struct net_run runs[2 * NET_MAX_LAYERS];
  size_t n = net_runs(net, runs);
  struct run r = {0};
  struct pen p = {.out = range_encoder_start()};
  enum status s = check_sizes(runs, n, e);
  s = s ? s : run_new(&r, net, e);
  if (s)
    return s;
  pen_number(&p, NET_CODE_FORMAT, 256);
  for (size_t i = 0; i < n && !s; i++) {
    r.n = runs[i].n;
    s = take_halves(x + runs[i].at, &r, e);
    if (s)
      break;
    survey(&r);
    if (run_bits)
      run_bits[i] = 1 + fmin(16 * (double)r.n, book_bits(&r));
    pen_run(&p, &r);
  }
  free(r.left);
  range_encode_end(&p.out);
  *out = (struct net_code){p.out.bytes, p.out.bits};
  if (s)
    net_code_free(out);
  return s;
}

enum status net_decode(const struct net *net, const struct net_code *code, float *x, struct err *e)
{
  struct net_run runs[2 * NET_MAX_LAYERS];
  size_t n = net_runs(net, runs);
  struct run r = {0};
  struct pen p = {.read = true, .in = range_decoder_start(code->bytes, code->bits)};
  uint64_t format = pen_number(&p, 0, 256);
  enum status s = format == NET_CODE_FORMAT ? STATUS_OK : err_set(e, STATUS_BAD_DATA, "format %d expected, got %d", NET_CODE_FORMAT, (int)format);
  s = s ? s : check_sizes(runs, n, e);
  s = s ? s : run_new(&r, net, e);
  for (size_t i = 0; i < n && !s; i++) {
    r.n = runs[i].n;
    pen_run(&p, &r);
    for (size_t j = 0; j < r.n; j++)
      x[runs[i].at + j] = half_to_f32(r.half[j]);
  }
  free(r.left);
  return s;
}

void net_code_free(struct net_code *code)
{
  free(code->bytes);
  *code = (struct net_code){0};
}
