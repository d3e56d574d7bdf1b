/* read_fann.c: see read_fann.h. */
#include "experiments/data/read_fann.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/data/numbers.h"
#include "experiments/data/read_table.h"
#include "experiments/kernel/mem.h"

struct words {
  const struct whole *file;
  size_t at;
  uint64_t line;
  locale_t c;
};

static bool blank(unsigned char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* The next word; NULL at the end of the file. */
static const char *next_word(struct words *w, size_t *n)
{
  const unsigned char *b = w->file->bytes;
  for (; w->at < w->file->n && blank(b[w->at]); w->at++)
    w->line += b[w->at] == '\n';
  size_t from = w->at;
  while (w->at < w->file->n && !blank(b[w->at]))
    w->at++;
  *n = w->at - from;
  return *n ? (const char *)b + from : NULL;
}

static enum status bad(const struct words *w, struct err *e, const char *word, size_t n, const char *what)
{
  char text[TEXT_QUOTE_MAX], seen[TEXT_QUOTE_MAX];
  size_t kept = n < sizeof text ? n : sizeof text - 1;
  memcpy(text, word, kept);
  text[kept] = '\0';
  return err_set(e, STATUS_BAD_DATA, "%s: line %llu: %s %s", w->file->name, (unsigned long long)w->line,
                 text_quote(text, seen), what);
}

static enum status next_number(struct words *w, double *v, struct err *e)
{
  size_t n;
  const char *word = next_word(w, &n);
  if (!word)
    return err_set(e, STATUS_BAD_DATA, "%s: line %llu: the file ends before all rows are there", w->file->name,
                   (unsigned long long)w->line);
  if (!number_parse(word, n, '.', w->c, v))
    return bad(w, e, word, n, "is not a number");
  return fabs(*v) <= (double)FLT_MAX ? STATUS_OK : bad(w, e, word, n, "is too large for a float32");
}

static enum status read_header(struct words *w, struct fann *f, struct err *e)
{
  size_t *const to[] = {&f->n, &f->d, &f->outputs};
  for (int k = 0; k < 3; k++) {
    double v = 0;
    enum status s = next_number(w, &v, e);
    if (s != STATUS_OK)
      return s;
    if (!(v >= 1 && v <= 4e9) || v != trunc(v))
      return err_set(e, STATUS_BAD_DATA, "%s: line %llu: the file must start with rows, inputs and outputs, got %g",
                     w->file->name, (unsigned long long)w->line, v);
    *to[k] = (size_t)v;
  }
  return STATUS_OK;
}

/* A number takes two bytes at least: what the header claims must fit into the file. */
static enum status make_room(const struct words *w, struct fann *f, struct err *e)
{
  size_t numbers;
  void *x = NULL, *target = NULL;
  if (!size_mul(f->n, f->d + f->outputs, &numbers) || numbers > w->file->n)
    return err_set(e, STATUS_BAD_DATA, "%s: line 1: %zu rows of %zu inputs and %zu outputs do not fit into %zu bytes",
                   w->file->name, f->n, f->d, f->outputs, w->file->n);
  enum status s = mem_new(&x, f->n * f->d, sizeof(float), "inputs", e);
  if (s == STATUS_OK)
    s = mem_new(&target, f->n * f->outputs, sizeof(float), "outputs", e);
  f->x = x;
  f->target = target;
  return s;
}

static enum status read_rows(struct words *w, struct fann *f, struct err *e)
{
  for (size_t i = 0; i < f->n; i++)
    for (size_t j = 0; j < f->d + f->outputs; j++) {
      double v = 0;
      enum status s = next_number(w, &v, e);
      if (s != STATUS_OK)
        return s;
      *(j < f->d ? &f->x[i * f->d + j] : &f->target[i * f->outputs + j - f->d]) = (float)v;
    }
  size_t n;
  const char *more = next_word(w, &n);
  return more ? bad(w, e, more, n, "follows the last row that line 1 announces") : STATUS_OK;
}

enum status fann_parse(struct fann *out, const struct whole *file, struct err *e)
{
  struct words w = {.file = file, .line = 1};
  *out = (struct fann){0};
  w.c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (!w.c)
    return err_set(e, STATUS_NO_MEMORY, "no memory for the C locale");
  enum status s = read_header(&w, out, e);
  if (s == STATUS_OK)
    s = make_room(&w, out, e);
  if (s == STATUS_OK)
    s = read_rows(&w, out, e);
  freelocale(w.c);
  if (s != STATUS_OK)
    fann_free(out);
  return s;
}

enum status fann_read(struct fann *out, const char *path, struct err *e)
{
  struct whole file;
  *out = (struct fann){0};
  enum status s = whole_read(&file, path, e);
  if (s == STATUS_OK)
    s = fann_parse(out, &file, e);
  whole_free(&file);
  return s;
}

void fann_free(struct fann *f)
{
  free(f->x);
  free(f->target);
  *f = (struct fann){0};
}
