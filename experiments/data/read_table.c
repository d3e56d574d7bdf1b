/* read_table.c: see read_table.h. The bytes of a file become records of fields here; what a field means as a
 * number is in read_number.c. */
#include "experiments/data/read_table.h"

#include <stdlib.h>
#include <string.h>

#include "experiments/data/read_bytes.h"
#include "experiments/data/read_table_int.h"
#include "experiments/kernel/mem.h"

#define END (-1)

/* The next byte, or END; a failure of the source is kept in s->failed and looks like the end. */
static inline int next_byte(struct table_state *s)
{
  if (s->at == s->end) {
    s->at = s->end = 0;
    if (s->failed == STATUS_OK)
      s->failed = bytes_read(s->source, s->chunk, sizeof s->chunk, &s->end, &s->why);
    if (s->failed != STATUS_OK || s->end == 0) {
      s->end = 0;
      return END;
    }
  }
  return s->chunk[s->at++];
}

static inline void put_back(struct table_state *s, int c)
{
  if (c != END)
    s->at--;
}

/* After '\n' or '\r': one end of line, however it is written. */
static void end_line(struct table_state *s, int c)
{
  if (c == '\r') {
    int next = next_byte(s);
    if (next != '\n' && next != END)
      put_back(s, next);
  }
  s->next_line++;
}

static enum status line_error(const struct table_state *s, uint64_t line, struct err *e, const char *what)
{
  return err_set(e, STATUS_BAD_DATA, "%s: line %llu: %s", bytes_path(s->source), (unsigned long long)line, what);
}

static enum status put(struct table_state *s, int c, struct err *e)
{
  if (s->length == s->room) {
    if (s->room >= RECORD_MAX)
      return line_error(s, s->record_line, e, "the row that starts here is longer than 64 MB; is a quote not closed?");
    void *text = s->text;
    size_t room = s->room ? 2 * s->room : 4096;
    enum status grown = mem_resize(&text, room, 1, "a row of text", e);
    if (grown != STATUS_OK)
      return grown;
    s->text = text;
    s->room = room;
  }
  s->text[s->length++] = (char)c;
  return STATUS_OK;
}

static enum status start_field(struct table_state *s, struct err *e)
{
  if (s->fields == FIELDS_MAX)
    return line_error(s, s->record_line, e, "more than 4 million fields");
  if (s->fields == s->field_room) {
    void *start = s->start;
    size_t room = s->field_room ? 2 * s->field_room : 64;
    enum status grown = mem_resize(&start, room, sizeof *s->start, "the fields of a row", e);
    if (grown != STATUS_OK)
      return grown;
    s->start = start;
    s->field_room = room;
  }
  s->start[s->fields++] = s->length;
  return STATUS_OK;
}

/* After an opening quote: up to the closing one. */
static enum status read_quoted(struct table_state *s, struct err *e)
{
  enum status status = STATUS_OK;
  uint64_t opened = s->next_line;
  while (status == STATUS_OK) {
    int c = next_byte(s);
    if (c == END)
      return s->failed != STATUS_OK ? STATUS_OK : line_error(s, opened, e, "the quote opened here is never closed");
    if (c == '\0')
      return line_error(s, s->next_line, e, "a zero byte: this is no text table");
    if (c == '"') {
      c = next_byte(s);
      if (c != '"') {
        put_back(s, c);
        return STATUS_OK;
      }
    }
    s->next_line += c == '\n';
    status = put(s, c, e);
  }
  return status;
}

static bool ends_field(const struct table_state *s, int c)
{
  return c == s->separator || c == '\n' || c == '\r' || c == END;
}

/* One field; *ended_by = separator, '\n', '\r' or END. */
static enum status read_field(struct table_state *s, int *ended_by, struct err *e)
{
  enum status status = start_field(s, e);
  int c = next_byte(s);
  if (status == STATUS_OK && c == '"') {
    status = read_quoted(s, e);
    c = next_byte(s);
    if (status == STATUS_OK && !ends_field(s, c))
      status = line_error(s, s->next_line, e, "text follows a closing quote; write a quote inside quotes as \"\"");
  } else {
    for (; status == STATUS_OK && !ends_field(s, c); c = next_byte(s))
      status = c == '\0' ? line_error(s, s->next_line, e, "a zero byte: this is no text table") : put(s, c, e);
  }
  *ended_by = c;
  return status == STATUS_OK ? put(s, '\0', e) : status;
}

/* Blank lines; false at the end of the file. */
static bool skip_blank_lines(struct table_state *s)
{
  int c;
  while ((c = next_byte(s)) == '\n' || c == '\r')
    end_line(s, c);
  put_back(s, c);
  return c != END;
}

/* The next record into s->text and s->start; s->fields = 0 at the end of the file. */
static enum status read_record(struct table_state *s, struct err *e)
{
  enum status status = STATUS_OK;
  int ended_by = END;
  s->fields = s->length = 0;
  if (skip_blank_lines(s)) {
    s->record_line = s->next_line;
    do
      status = read_field(s, &ended_by, e);
    while (status == STATUS_OK && ended_by == s->separator);
    if (ended_by != END)
      end_line(s, ended_by);
  }
  if (status == STATUS_OK && s->failed != STATUS_OK) {
    if (e)
      *e = s->why;
    return s->failed;
  }
  return status;
}

/* Point t->field at the fields of the record. */
static void show_record(struct table *t)
{
  struct table_state *s = t->state;
  for (size_t j = 0; j < t->cols; j++)
    t->field[j] = s->text + s->start[j];
  t->line = s->record_line;
}

/* A byte order mark is dropped; UTF-16, which is full of zero bytes, is named. */
static enum status skip_mark(struct table_state *s, struct err *e)
{
  int first = next_byte(s);
  put_back(s, first); /* the first chunk is in memory now */
  const unsigned char *b = s->chunk;
  if (s->end >= 3 && b[0] == 0xEF && b[1] == 0xBB && b[2] == 0xBF)
    s->at = 3;
  if (s->end >= 2 && ((b[0] == 0xFF && b[1] == 0xFE) || (b[0] == 0xFE && b[1] == 0xFF)))
    return err_set(e, STATUS_BAD_DATA, "%s: the file is UTF-16; save it as UTF-8", bytes_path(s->source));
  return STATUS_OK;
}

static void skip_lines(struct table_state *s, size_t n)
{
  for (; n; n--) {
    int c = next_byte(s);
    while (c != '\n' && c != '\r' && c != END)
      c = next_byte(s);
    if (c == END)
      return;
    end_line(s, c);
  }
}

/* How often the separators stand, outside quotes, in the first line that is in memory. */
static void count_separators(const struct table_state *s, size_t count[3])
{
  bool quoted = false;
  size_t i = s->at;
  while (i < s->end && (s->chunk[i] == '\n' || s->chunk[i] == '\r'))
    i++;
  for (; i < s->end && (quoted || (s->chunk[i] != '\n' && s->chunk[i] != '\r')); i++) {
    quoted ^= s->chunk[i] == '"';
    if (!quoted) {
      count[0] += s->chunk[i] == ',';
      count[1] += s->chunk[i] == '\t';
      count[2] += s->chunk[i] == ';';
    }
  }
}

static enum status choose_separator(struct table_state *s, enum table_separator wanted, struct err *e)
{
  static const unsigned char known[] = {0, ',', '\t', ';'};
  size_t count[3] = {0};
  s->separator = known[wanted];
  if (wanted != TABLE_AUTO)
    return STATUS_OK;
  put_back(s, next_byte(s)); /* at least the rest of the chunk is in memory */
  count_separators(s, count);
  s->separator = count[1] && !count[0] ? '\t' : ',';
  if (count[2] && !count[1] && count[2] >= count[0])
    return line_error(s, s->next_line, e,
                      "the fields seem to be separated by semicolons: set separator = \"semicolon\" (and decimal = "
                      "\"comma\" if numbers are written 1,5), or separator = \"comma\"");
  return STATUS_OK;
}

/* Take the current record as the header. */
static void keep_names(struct table *t)
{
  t->names = xcalloc(t->cols, sizeof *t->names);
  for (size_t j = 0; j < t->cols; j++)
    t->names[j] = xstrdup(t->field[j]);
}

/* Is the first line, in t->field, a header? */
static enum status decide_header(const struct table *t, enum table_header wanted, bool *is_header, struct err *e)
{
  size_t numbers = 0, words = 0;
  double v;
  for (size_t j = 0; j < t->cols; j++)
    if (!table_missing(t, j)) {
      if (table_is_number(t, j, &v))
        numbers++;
      else
        words++;
    }
  *is_header = wanted == TABLE_HEADER_YES || (wanted == TABLE_HEADER_AUTO && words && !numbers);
  if (wanted == TABLE_HEADER_AUTO && numbers && words)
    return line_error(t->state, t->line, e,
                      "numbers and words together: is this line a header? Set header = \"yes\" or \"no\" (or skip = 1 "
                      "if it does not belong to the table)");
  return STATUS_OK;
}

static enum status read_first_record(struct table *t, const struct table_options *o, struct err *e)
{
  struct table_state *s = t->state;
  bool is_header;
  enum status status = read_record(s, e);
  if (status != STATUS_OK || s->fields == 0)
    return status;
  t->cols = s->fields;
  t->field = xcalloc(t->cols, sizeof *t->field);
  s->first_line = s->record_line;
  show_record(t);
  status = decide_header(t, o->header, &is_header, e);
  if (status == STATUS_OK && is_header)
    keep_names(t);
  s->held = status == STATUS_OK && !is_header;
  return status;
}

enum status table_open(struct table *t, const char *path, const struct table_options *o, struct err *e)
{
  struct table_state *s = xcalloc(1, sizeof *s);
  *t = (struct table){.state = s};
  s->next_line = 1;
  s->decimal_comma = o->decimal_comma;
  enum status status = numbers_start(s, e);
  if (status == STATUS_OK)
    status = bytes_open(&s->source, path, e);
  if (status == STATUS_OK)
    status = skip_mark(s, e);
  if (status == STATUS_OK) {
    skip_lines(s, o->skip);
    status = choose_separator(s, o->separator, e);
  }
  if (status == STATUS_OK)
    status = read_first_record(t, o, e);
  if (status != STATUS_OK)
    table_close(t);
  return status;
}

void table_close(struct table *t)
{
  struct table_state *s = t->state;
  for (size_t j = 0; t->names && j < t->cols; j++)
    free(t->names[j]);
  free(t->names);
  free(t->field);
  if (s) {
    bytes_close(s->source);
    numbers_end(s);
    free(s->text);
    free(s->start);
    free(s);
  }
  *t = (struct table){0};
}

static enum status wrong_length(const struct table *t, struct err *e)
{
  const struct table_state *s = t->state;
  return err_set(
      e, STATUS_BAD_DATA, "%s: line %llu: %zu field%s, but line %llu has %zu%s", bytes_path(s->source),
      (unsigned long long)s->record_line, s->fields, s->fields == 1 ? "" : "s", (unsigned long long)s->first_line,
      t->cols, s->record_line == s->first_line + 1 ? " (set skip = 1 if that line does not belong to the table)" : "");
}

enum status table_next(struct table *t, bool *more, struct err *e)
{
  struct table_state *s = t->state;
  *more = s->held;
  if (s->held) {
    s->held = false;
    return STATUS_OK;
  }
  enum status status = t->cols ? read_record(s, e) : STATUS_OK;
  if (status != STATUS_OK || s->fields == 0)
    return status;
  if (s->fields != t->cols)
    return wrong_length(t, e);
  show_record(t);
  *more = true;
  return STATUS_OK;
}
