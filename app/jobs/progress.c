/* progress.c: how a sweep looks while it runs: one bar on a terminal, a line now and then elsewhere. All
 * of it goes to stderr. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app/jobs/jobs.h"
#include "app/signals.h"
#include "experiments/kernel/mem.h"

struct progress {
  struct sweep *s;
  int workers;
  bool bar;           /* a terminal that can go back to the line's start */
  double began, drawn, said;
  double from, base;  /* the pace is measured from here on, when `base` runs were done; from 0: not yet */
};

struct progress *progress_new(struct sweep *s, int workers)
{
  struct progress *p = xcalloc(1, sizeof *p);
  const char *term = getenv("TERM");
  p->s = s;
  p->workers = workers;
  p->bar = !s->options->progress_json && s->app->tty_err && term && strcmp(term, "dumb") != 0 && !s->options->quiet;
  p->began = p->said = seconds_now();
  if (!s->options->quiet) {
    char *name = text_safe(lua_experiment_name(s->experiment), false), *path = text_safe(s->app->db, false);
    bool later = s->counts.done + s->counts.diverged > 0; /* a stage that follows from those before */
    if (later)
      fprintf(stderr, "%s: %zu run%s in all, as more() asks", name, s->counts.total, s->counts.total == 1 ? "" : "s");
    else
      fprintf(stderr, "%s: %zu run%s into %s", name, s->counts.total, s->counts.total == 1 ? "" : "s", path);
    if (s->counts.kept && !later)
      fprintf(stderr, ", %zu finished earlier", s->counts.kept);
    fprintf(stderr, ", %zu to do with %d worker%s\n", s->counts.waiting, workers, workers == 1 ? "" : "s");
    free(name);
    free(path);
  }
  return p;
}

/* "1:02:03", "2:05", "8 s" */
static const char *duration(double s, char out[32])
{
  if (!isfinite(s) || s < 0 || s > 359999)
    return "?";
  unsigned t = (unsigned)(s + 0.5);
  if (t >= 3600)
    snprintf(out, 32, "%u:%02u:%02u", t / 3600, t / 60 % 60, t % 60);
  else if (t >= 60)
    snprintf(out, 32, "%u:%02u", t / 60, t % 60);
  else
    snprintf(out, 32, "%u s", t);
  return out;
}

/* Runs ended in this sweep, counting the ones in flight by their fraction. */
static double runs_ended(const struct sweep *s)
{
  double sum = 0;
  for (size_t i = 0; i < s->n; i++)
    sum += s->runs[i].phase == RUN_ENDED ? 1 : s->runs[i].phase == RUN_STARTED ? s->runs[i].fraction : 0;
  return sum;
}

/* Start the clock of the pace at the first sign of progress, so that loading data does not count; where runs
 * tell nothing before their end, at the beginning. */
static void watch_pace(struct progress *p)
{
  double ended = runs_ended(p->s);
  if (p->from > 0 || ended <= 0)
    return;
  p->from = ended < 1 ? seconds_now() : p->began;
  p->base = ended < 1 ? ended : 0;
}

/* ", 3.2 runs/s, 1:02 left", or nothing in the first second. */
static void describe_pace(const struct progress *p, char *out, size_t size)
{
  const struct counts *c = &p->s->counts;
  double took = seconds_now() - p->from, ended = runs_ended(p->s), per_s = (ended - p->base) / took;
  char left[32];
  *out = '\0';
  if (p->from <= 0 || took < 1 || ended <= p->base)
    return;
  duration(((double)(c->total - c->kept) - ended) / per_s, left);
  snprintf(out, size, ", %.1f runs/%s, %s left", per_s >= 1 ? per_s : 60 * per_s, per_s >= 1 ? "s" : "min", left);
}

/* "12/60 runs, 4 running, 1 failed, 3.2 runs/s, 1:02 left" */
static void describe(const struct progress *p, char *out, size_t size)
{
  const struct sweep *s = p->s;
  const struct counts *c = &s->counts;
  char failed[48] = "", pace[96];
  if (c->failed || c->diverged)
    snprintf(failed, sizeof failed, ", %zu failed", c->failed + c->diverged);
  describe_pace(p, pace, sizeof pace);
  snprintf(out, size, "%zu/%zu runs, %zu running%s%s", c->kept + c->done + c->failed + c->diverged, c->total, c->running, failed, pace);
}

/* Columns now: a window may change while a sweep runs. */
static int columns(const struct app *app)
{
  struct winsize w;
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col ? w.ws_col : app->width;
}

static void draw_bar(const struct progress *p)
{
  const struct sweep *s = p->s;
  char text[200], bar[41];
  describe(p, text, sizeof text);
  int across = columns(s->app), room = across - (int)strlen(text) - 4, width = room > 40 ? 40 : room;
  if (width < 5) {
    fprintf(stderr, "\r%.*s\033[K", across - 1, text);
    return;
  }
  double share = (runs_ended(s) + (double)s->counts.kept) / (double)(s->counts.total ? s->counts.total : 1);
  int full = (int)(share * width);
  for (int i = 0; i < width; i++)
    bar[i] = i < full ? '=' : i == full ? '>' : ' ';
  bar[width] = '\0';
  fprintf(stderr, "\r[%s%s%s] %s\033[K", s->app->colour_err ? "\033[34m" : "", bar, s->app->colour_err ? "\033[0m" : "", text);
}

/* What each worker does: [runs of its task, the first of them that runs, share of the task done, seconds of that run]; idle: [0]. */
static void tell_workers(const struct sweep *s, double t)
{
  for (size_t i = 0; i < pool_workers(s->pool); i++) {
    const size_t *run;
    size_t n = pool_task(s->pool, i, &run), first = SIZE_MAX;
    double done = 0;
    for (size_t k = 0; k < n; k++) {
      const struct run_state *r = &s->runs[run[k]];
      done += r->phase == RUN_ENDED ? 1 : r->phase == RUN_STARTED ? r->fraction : 0;
      first = first == SIZE_MAX && r->phase == RUN_STARTED ? run[k] : first;
    }
    fputs(i ? "," : ",\"tasks\":[", stderr);
    if (first == SIZE_MAX)
      fprintf(stderr, "[%zu]", n);
    else
      fprintf(stderr, "[%zu,%lld,%.3f,%.1f]", n, (long long)s->runs[first].id, done / (double)n, t - s->runs[first].started);
  }
  fputs(pool_workers(s->pool) ? "]" : "", stderr);
}

/* One line of JSON for a program that watches: {"total":60,"kept":0,"done":12,"failed":0,"running":4,"ended":13.2,…},
 * once a second with what the workers do: who watches may be busy for long, and a pipe holds only so much. */
static void tell(struct progress *p, double t)
{
  const struct counts *c = &p->s->counts;
  double ended = runs_ended(p->s), took = t - p->from, per_s = p->from > 0 && took > 0 ? (ended - p->base) / took : 0;
  fprintf(stderr, "{\"total\":%zu,\"kept\":%zu,\"done\":%zu,\"diverged\":%zu,\"failed\":%zu,\"running\":%zu,\"ended\":%.3f,\"per_s\":%.4g,\"workers\":%d",
          c->total, c->kept, c->done, c->diverged, c->failed, c->running, ended, per_s, p->workers);
  if (t - p->said >= 1 || (p->said <= p->began && c->running > 0)) {
    tell_workers(p->s, t);
    p->said = t;
  }
  fputs("}\n", stderr);
  fflush(stderr);
  p->drawn = t;
}

void progress_draw(struct progress *p, bool now)
{
  double t = seconds_now();
  if (p->s->options->quiet)
    return;
  watch_pace(p);
  if (p->s->options->progress_json) {
    if (now || t - p->drawn > 0.25)
      tell(p, t);
    return;
  }
  if (p->bar && (now || t - p->drawn > 0.15)) {
    draw_bar(p);
    fflush(stderr);
    p->drawn = t;
  } else if (!p->bar && t - p->said > 10) {
    char text[200];
    describe(p, text, sizeof text);
    fprintf(stderr, "%s\n", text);
    p->said = t;
  }
}

void progress_line(struct progress *p, const char *format, ...)
{
  va_list args;
  char *text = NULL;
  if (p->s->options->quiet)
    return;
  va_start(args, format);
  if (vasprintf(&text, format, args) < 0)
    text = NULL;
  va_end(args);
  char *safe = text_safe(text ? text : "", true);
  fprintf(stderr, "%s%s\n", p->bar ? "\r\033[K" : "", safe);
  free(safe);
  free(text);
}

void progress_free(struct progress *p)
{
  const struct counts *c = &p->s->counts;
  if (!p->s->options->quiet) {
    char took[32];
    fprintf(stderr, "%s%zu done", p->bar ? "\r\033[K" : "", c->done);
    if (c->diverged)
      fprintf(stderr, ", %zu diverged", c->diverged);
    if (c->failed)
      fprintf(stderr, ", %zu failed", c->failed);
    if (c->cancelled)
      fprintf(stderr, ", %zu cancelled", c->cancelled);
    fprintf(stderr, " in %s\n", duration(seconds_now() - p->began, took));
  }
  free(p);
}
