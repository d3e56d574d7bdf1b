/* piecewise.c: schedules one after the other, each with a count of its own. */
#include <inttypes.h>
#include <math.h>

#include "experiments/schedules/schedule.h"

#define SUM_SLACK 1e-9 /* fractions that are to sum to 1 */

struct conf {
  struct schedule_common common;
  struct param_objects parts;
  struct param_list lengths;
};

static const struct param params[] = {
  SCHEDULE_SCALE_PARAM(struct conf, common, "factor of all parts; each has its own peak"),
  SCHEDULE_FRAME_PARAMS(struct conf, common),
  {.id = "parts", .type = PARAM_METHODS, .at = offsetof(struct conf, parts), .of = KIND_SCHEDULE, .flags = PARAM_REQUIRED,
   .doc = "the schedules, in order", .example = "warmup,cosine"},
  {.id = "lengths", .type = PARAM_LIST, .at = offsetof(struct conf, lengths), .min = 0, .max = 1e12, .flags = PARAM_MIN_OPEN,
   .unit = "steps, or fractions of steps below 1",
   .doc = "updates of the first parts; parts without a length here last their own steps, or share what is left evenly",
   .example = "50,200"},
  {0},
};

static bool in_fractions(const struct conf *c) { return c->lengths.n && c->lengths.v[0] < 1; }

/* Updates of part i, where it is given; else 0. */
static int64_t given_length(const struct conf *c, size_t i, int64_t total)
{
  if (i >= c->lengths.n) {
    int64_t own = ((const struct schedule_common *)c->parts.v[i].conf)->steps;
    return own == PARAM_AUTO_INT ? 0 : own;
  }
  if (!in_fractions(c))
    return (int64_t)c->lengths.v[i];
  double before = 0; /* rounded where parts meet, so that roundings do not add up */
  for (size_t k = 0; k < i; k++)
    before += c->lengths.v[k];
  return (int64_t)(round((before + c->lengths.v[i]) * (double)total) - round(before * (double)total));
}

/* Updates that are given to parts; *open: how many parts are to share the rest. */
static int64_t given_total(const struct conf *c, int64_t total, int64_t *open)
{
  int64_t sum = 0;
  *open = 0;
  for (size_t i = 0; i < c->parts.n; i++) {
    int64_t own = given_length(c, i, total);
    sum += own;
    *open += i >= c->lengths.n && own == 0;
  }
  return sum;
}

static enum status check_lengths(const struct conf *c, struct err *e)
{
  double sum = 0;
  if (c->parts.n == 0)
    return err_set(e, STATUS_BAD_ARG, "parts must name at least one schedule");
  if (c->lengths.n > c->parts.n)
    return err_set(e, STATUS_BAD_ARG, "lengths must be at most one per part (%zu), got %zu", c->parts.n, c->lengths.n);
  for (size_t i = 0; i < c->lengths.n; i++) {
    double length = c->lengths.v[i];
    if ((length < 1) != in_fractions(c) || (length >= 1 && length != trunc(length)))
      return err_set(e, STATUS_BAD_ARG, "lengths must be all whole numbers of updates or all fractions below 1, got %g and %g",
                     c->lengths.v[0], length);
    sum += length;
  }
  if (in_fractions(c) && (sum > 1 + SUM_SLACK || (c->lengths.n == c->parts.n && sum < 1 - SUM_SLACK)))
    return err_set(e, STATUS_BAD_ARG, "lengths must be fractions that sum to 1, or to less with parts left over; these sum to %g", sum);
  return STATUS_OK;
}

/* Where every part knows its length, so does the whole. */
static enum status resolve(void *conf, struct err *e)
{
  struct conf *c = conf;
  enum status code = check_lengths(c, e);
  int64_t open = 0, sum = code == STATUS_OK && !in_fractions(c) ? given_total(c, 0, &open) : 0;
  if (c->common.steps == PARAM_AUTO_INT && sum > 0 && open == 0)
    c->common.steps = c->common.warmup + sum;
  return code == STATUS_OK ? schedule_resolve(conf, e) : code;
}

/* The part of update t: its number, where it begins, and how long it is. */
struct span {
  size_t part;
  int64_t start, length;
};

static struct span find_span(const struct conf *c, int64_t t, int64_t total)
{
  int64_t open = 0, left = total - given_total(c, total, &open), shared = 0;
  struct span s = {0};
  for (s.part = 0; s.part < c->parts.n; s.part++) {
    s.length = given_length(c, s.part, total);
    if (s.part >= c->lengths.n && s.length == 0 && open > 0) { /* of k that share L, number j ends at floor(L j/k) */
      s.length = left / open + ((left % open) * (shared + 1) / open - (left % open) * shared / open);
      shared++;
    }
    if (t < s.start + s.length || s.part + 1 == c->parts.n)
      break;
    s.start += s.length;
  }
  return s;
}

static enum status check(const void *conf, int64_t total, struct err *e)
{
  const struct conf *c = conf;
  int64_t open, sum = given_total(c, total, &open);
  if (sum > total || (open == 0 && sum < total))
    return err_set(e, STATUS_BAD_ARG, "the parts last %" PRId64 " updates together, but %" PRId64 " follow the warm-up", sum, total);
  for (int64_t t = 0; t < total;) {
    struct span s = find_span(c, t, total);
    enum status code = schedule_check(&c->parts.v[s.part], s.length, e);
    if (code != STATUS_OK)
      return err_prefix(e, "part %zu", s.part + 1);
    t = s.start + s.length;
  }
  return STATUS_OK;
}

static double body(const void *conf, int64_t t, int64_t total)
{
  const struct conf *c = conf;
  struct span s = find_span(c, t, total);
  return schedule_at(&c->parts.v[s.part], t - s.start, s.length);
}

static double momentum(const void *conf, int64_t t, int64_t total)
{
  const struct conf *c = conf;
  if (t < 0)
    return NAN; /* the warm-up in front of the parts */
  struct span s = find_span(c, t, total);
  return schedule_momentum_at(&c->parts.v[s.part], t - s.start, s.length);
}

const struct schedule schedule_piecewise = {
  .m = {.kind = KIND_SCHEDULE,
        .id = "piecewise",
        .name = "Piecewise",
        .summary = "schedules one after the other, each counting its own updates",
        .formula = "eta_t = peak * eta^(i)_{t - t_i} for t_i <= t < t_{i+1}, where part i has T = t_{i+1} - t_i",
        .cite = "torch 1.13, SequentialLR (2022)",
        .notes = "In Lua, a + b is the sequence of a and b. Each part has its own peak, and nothing makes the parts meet: a "
                 "jump is allowed. A part with steps longer than its length is cut short. Parts without length or steps share "
                 "what is left evenly. The parameter `last` is that of each part.",
        .example = "assay.schedule(\"piecewise\", {parts = {assay.schedule(\"warmup\", {steps = 50}), assay.schedule(\"cosine\")}})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = resolve},
  .body = body,
  .momentum = momentum,
  .check = check,
};
