/* read_libsvm.c: see read_libsvm.h. */
#include "experiments/data/read_libsvm.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/data/numbers.h"
#include "experiments/data/read_table.h"
#include "experiments/kernel/mem.h"

struct parser {
  struct libsvm *out;
  const struct whole *file;
  const char *at, *end; /* rest of the line in hand */
  uint64_t line;
  locale_t c;
  bool zero_based;
  size_t row_room, entry_room;
};

static enum status bad(const struct parser *p, struct err *e, const char *word, size_t n, const char *what)
{
  char text[TEXT_QUOTE_MAX], seen[TEXT_QUOTE_MAX];
  size_t kept = n < sizeof text ? n : sizeof text - 1;
  memcpy(text, word, kept);
  text[kept] = '\0';
  return err_set(e, STATUS_BAD_DATA, "%s: line %llu: %s %s", p->file->name, (unsigned long long)p->line,
                 text_quote(text, seen), what);
}

/* *v holds `room` elements afterwards. */
static bool grow(void *v, size_t room, size_t size)
{
  void **at = v, *more;
  size_t bytes;
  if (!size_mul(room, size, &bytes) || !(more = realloc(*at, bytes)))
    return false;
  *at = more;
  return true;
}

static enum status add_row(struct parser *p, double label, struct err *e)
{
  struct libsvm *s = p->out;
  if (s->n == p->row_room) {
    size_t room = p->row_room ? 2 * p->row_room : 1024;
    if (!grow(&s->label, room, sizeof *s->label) || !grow(&s->line, room, sizeof *s->line) ||
        !grow(&s->start, room + 1, sizeof *s->start))
      return err_set(e, STATUS_NO_MEMORY, "%s: no memory for %zu rows", p->file->name, room);
    p->row_room = room;
  }
  s->label[s->n] = label;
  s->line[s->n] = p->line;
  s->start[s->n++] = s->n_entries;
  s->start[s->n] = s->n_entries;
  return STATUS_OK;
}

static enum status add_entry(struct parser *p, uint32_t index, float value, struct err *e)
{
  struct libsvm *s = p->out;
  if (s->n_entries == p->entry_room) {
    size_t room = p->entry_room ? 2 * p->entry_room : 8192;
    if (!grow(&s->index, room, sizeof *s->index) || !grow(&s->value, room, sizeof *s->value))
      return err_set(e, STATUS_NO_MEMORY, "%s: no memory for %zu values", p->file->name, room);
    p->entry_room = room;
  }
  s->index[s->n_entries] = index;
  s->value[s->n_entries++] = value;
  s->start[s->n] = s->n_entries;
  if (index >= s->d)
    s->d = (size_t)index + 1;
  return STATUS_OK;
}

static bool blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }

/* The next word of the line; length 0 at its end. */
static const char *next_word(struct parser *p, size_t *n)
{
  while (p->at < p->end && blank(*p->at))
    p->at++;
  const char *word = p->at;
  while (p->at < p->end && !blank(*p->at))
    p->at++;
  *n = (size_t)(p->at - word);
  return word;
}

static enum status read_label(struct parser *p, const char *word, size_t n, double *label, struct err *e)
{
  if (memchr(word, ',', n))
    return bad(p, e, word, n, "names several labels; rows of one label each can be read");
  if (memchr(word, ':', n))
    return bad(p, e, word, n, "stands where the label should");
  if (!number_parse(word, n, '.', p->c, label))
    return bad(p, e, word, n, "is no label: a number is needed");
  return isfinite(*label) ? STATUS_OK : bad(p, e, word, n, "is too large for a label");
}

/* Digits only, so that "-4", "+4" and "4.0" are refused; false beyond LIBSVM_INDEX_MAX. */
static bool read_index(const char *word, size_t n, uint64_t *index)
{
  *index = 0;
  for (size_t i = 0; i < n; i++) {
    if (word[i] < '0' || word[i] > '9')
      return false;
    *index = 10 * *index + (uint64_t)(word[i] - '0');
    if (*index > LIBSVM_INDEX_MAX)
      return false;
  }
  return n > 0;
}

static enum status read_entry(struct parser *p, const char *word, size_t n, struct err *e)
{
  const struct libsvm *s = p->out;
  const char *colon = memchr(word, ':', n);
  uint64_t index;
  double value;
  if (!colon)
    return bad(p, e, word, n, "has no colon: index:value is needed");
  size_t before = (size_t)(colon - word);
  if (before == 3 && memcmp(word, "qid", 3) == 0)
    return bad(p, e, word, n, "belongs to ranking data, which cannot be read");
  if (!read_index(word, before, &index))
    return bad(p, e, word, n, "has a bad index: a whole number up to 2147483647 is needed");
  if (index == 0 && !p->zero_based)
    return bad(p, e, word, n, "has index 0, but indices start at 1 (set zero_based = true if they start at 0)");
  if (!number_parse(colon + 1, n - before - 1, '.', p->c, &value))
    return bad(p, e, word, n, "has a bad value: a finite number is needed");
  if (fabs(value) > (double)FLT_MAX)
    return bad(p, e, word, n, "has a value too large for a float32");
  uint32_t place = (uint32_t)(index - !p->zero_based);
  if (s->start[s->n] > s->start[s->n - 1] && place <= s->index[s->n_entries - 1])
    return bad(p, e, word, n, place == s->index[s->n_entries - 1] ? "repeats an index" : "is out of order: indices must increase");
  return add_entry(p, place, (float)value, e);
}

static enum status read_line(struct parser *p, struct err *e)
{
  size_t n;
  double label = 0;
  const char *comment = memchr(p->at, '#', (size_t)(p->end - p->at));
  p->end = comment ? comment : p->end;
  const char *word = next_word(p, &n);
  if (n == 0)
    return STATUS_OK;
  enum status s = read_label(p, word, n, &label, e);
  if (s == STATUS_OK)
    s = add_row(p, label, e);
  while (s == STATUS_OK) {
    word = next_word(p, &n);
    if (n == 0)
      break;
    s = read_entry(p, word, n, e);
  }
  return s;
}

enum status libsvm_parse(struct libsvm *out, const struct whole *file, bool zero_based, struct err *e)
{
  struct parser p = {.out = out, .file = file, .zero_based = zero_based};
  const char *text = (const char *)file->bytes, *end = text + file->n;
  enum status s = STATUS_OK;
  *out = (struct libsvm){0};
  p.c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (!p.c)
    return err_set(e, STATUS_NO_MEMORY, "no memory for the C locale");
  while (s == STATUS_OK && text < end) {
    const char *newline = memchr(text, '\n', (size_t)(end - text));
    p.at = text;
    p.end = newline ? newline : end;
    p.line++;
    text = newline ? newline + 1 : end;
    s = read_line(&p, e);
  }
  freelocale(p.c);
  if (s != STATUS_OK)
    libsvm_free(out);
  return s;
}

enum status libsvm_read(struct libsvm *out, const char *path, bool zero_based, struct err *e)
{
  struct whole file;
  *out = (struct libsvm){0};
  enum status s = whole_read(&file, path, e);
  if (s == STATUS_OK)
    s = libsvm_parse(out, &file, zero_based, e);
  whole_free(&file);
  return s;
}

void libsvm_free(struct libsvm *s)
{
  free(s->label);
  free(s->line);
  free(s->start);
  free(s->index);
  free(s->value);
  *s = (struct libsvm){0};
}
