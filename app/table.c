/* table.c: rows of cells for people and machines. See app.h.
 *
 * People get aligned columns, cut to the terminal only, with every control character shown escaped. The
 * other formats are stable, complete and (but on a terminal) keep the bytes: CSV (RFC 4180; NULL is an empty field, empty text
 * is ""), TSV (\t, \n, \\ escaped; NULL is \N), JSON and JSON lines (one object a row; infinities are the
 * texts "inf" and "-inf"; invalid UTF-8 becomes U+FFFD; a blob is hex text), and Markdown. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <utf8proc.h>

#include "app/app.h"
#include "experiments/kernel/mem.h"

struct table {
  enum table_format format;
  size_t columns, rows, capacity;
  char **names;     /* human: escaped */
  int width;
  bool terminal;    /* stdout is one: control characters are escaped in every format */
  char **cell;      /* human: rows x columns, escaped */
  bool *is_number;  /* human: every cell of the column so far is a number, NULL or "-" */
};

bool table_format_parse(const char *word, enum table_format *f)
{
  static const char *const words[] = {"table", "csv", "tsv", "json", "jsonl", "md"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strcmp(word, words[i]) == 0) {
      *f = (enum table_format)i;
      return true;
    }
  return false;
}

/* --- single values ---------------------------------------------------------------------------- */

/* The shortest text that reads back as the same number. */
static void real_exact(double v, char out[40])
{
  if (isnan(v))
    snprintf(out, 40, "nan");
  else if (isinf(v))
    snprintf(out, 40, v < 0 ? "-inf" : "inf");
  else
    for (int digits = 15; digits <= 17; digits++) {
      snprintf(out, 40, "%.*g", digits, v);
      if (strtod(out, NULL) == v)
        break;
    }
}

static char *hex_text(const char *bytes, size_t size)
{
  char *out = xmalloc(2 * size + 1);
  for (size_t i = 0; i < size; i++)
    snprintf(out + 2 * i, 3, "%02x", (unsigned char)bytes[i]);
  out[2 * size] = '\0';
  return out;
}

/* Text of a cell as it is; embedded NUL ends it. NULL for a NULL cell. */
static char *plain_text(const struct store_cell *c, bool exact)
{
  char number[40];
  switch (c->type) {
  case STORE_NULL: return NULL;
  case STORE_INTEGER: return xasprintf("%lld", (long long)c->i);
  case STORE_REAL:
    if (!exact && isfinite(c->r))
      return xasprintf("%.6g", c->r);
    real_exact(c->r, number);
    return xstrdup(number);
  case STORE_TEXT: return xasprintf("%.*s", (int)c->size, c->text);
  case STORE_BLOB: return hex_text(c->text, c->size);
  }
  return NULL;
}

static bool is_plain(const char *s)
{
  while (*s >= 0x20 && *s < 0x7f)
    s++;
  return *s == '\0';
}

/* text_width(), quick for what most cells are. */
static size_t width_of(const char *s) { return is_plain(s) ? strlen(s) : text_width(s); }

static char *human_text(const struct store_cell *c)
{
  if (c->type == STORE_BLOB && c->size > 16)
    return xasprintf("(blob of %zu bytes)", c->size);
  char *text = plain_text(c, false), *safe;
  if (text && is_plain(text))
    return text;
  safe = text_safe(text ? text : "NULL", false);
  free(text);
  return safe;
}

/* --- machine formats -------------------------------------------------------------------------- */

void csv_write(FILE *f, const char *s, bool quote)
{
  if (!quote && *s && !strpbrk(s, ",\"\r\n") && *s != ' ' && s[strlen(s) - 1] != ' ') {
    fputs(s, f);
    return;
  }
  fputc('"', f);
  for (; *s; s++) {
    if (*s == '"')
      fputc('"', f);
    fputc(*s, f);
  }
  fputc('"', f);
}

static void put_tsv(const char *s)
{
  for (; *s; s++)
    switch (*s) {
    case '\t': fputs("\\t", stdout); break;
    case '\n': fputs("\\n", stdout); break;
    case '\r': fputs("\\r", stdout); break;
    case '\\': fputs("\\\\", stdout); break;
    default: putchar(*s);
    }
}

static void put_json_text(const char *s, size_t size)
{
  putchar('"');
  while (size) {
    utf8proc_int32_t c;
    utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)size, &c);
    if (n <= 0) {
      fputs("\\ufffd", stdout);
      n = 1;
    } else if (c == '"' || c == '\\') {
      printf("\\%c", (char)c);
    } else if (c == '\n') {
      fputs("\\n", stdout);
    } else if (c < 0x20 || (c >= 0x7f && c <= 0x9f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069)) {
      printf("\\u%04x", (unsigned)c);
    } else {
      fwrite(s, 1, (size_t)n, stdout);
    }
    s += n;
    size -= (size_t)n;
  }
  putchar('"');
}

void cell_print_json(const struct store_cell *c)
{
  char number[40];
  switch (c->type) {
  case STORE_NULL: fputs("null", stdout); break;
  case STORE_INTEGER: printf("%lld", (long long)c->i); break;
  case STORE_REAL:
    real_exact(c->r, number);
    if (isfinite(c->r))
      fputs(number, stdout);
    else
      printf("%s%s%s", isnan(c->r) ? "" : "\"", isnan(c->r) ? "null" : number, isnan(c->r) ? "" : "\"");
    break;
  case STORE_TEXT: put_json_text(c->text, c->size); break;
  case STORE_BLOB: {
    char *hex = hex_text(c->text, c->size);
    printf("\"%s\"", hex);
    free(hex);
    break;
  }
  }
}

static void put_md(const char *text)
{
  char *safe = text_safe(text, false);
  for (const char *s = safe; *s; s++) {
    if (*s == '|')
      putchar('\\');
    putchar(*s);
  }
  free(safe);
}

static void row_json(struct table *t, const struct store_cell *cells)
{
  if (t->format == TABLE_JSON)
    fputs(t->rows ? ",\n " : "[\n ", stdout);
  putchar('{');
  for (size_t k = 0; k < t->columns; k++) {
    if (k)
      fputs(", ", stdout);
    put_json_text(t->names[k], strlen(t->names[k]));
    fputs(": ", stdout);
    cell_print_json(&cells[k]);
  }
  putchar('}');
  if (t->format == TABLE_JSONL)
    putchar('\n');
}

static void row_text(struct table *t, const struct store_cell *cells)
{
  for (size_t k = 0; k < t->columns; k++) {
    char *text = plain_text(&cells[k], true);
    if (t->terminal && text) {
      char *safe = text_safe(text, true);
      free(text);
      text = safe;
    }
    if (t->format == TABLE_MD) {
      fputs(k ? " | " : "| ", stdout);
      put_md(text ? text : "NULL");
    } else {
      if (k)
        putchar(t->format == TABLE_CSV ? ',' : '\t');
      if (text && t->format == TABLE_CSV)
        csv_write(stdout, text, false);
      else if (t->format == TABLE_TSV && text)
        put_tsv(text);
      else if (t->format == TABLE_TSV)
        fputs("\\N", stdout);
    }
    free(text);
  }
  fputs(t->format == TABLE_MD ? " |\n" : "\n", stdout);
}

static void head_text(struct table *t)
{
  struct store_cell *cells = xcalloc(t->columns, sizeof *cells);
  for (size_t k = 0; k < t->columns; k++)
    cells[k] = (struct store_cell){.type = STORE_TEXT, .text = t->names[k], .size = strlen(t->names[k])};
  row_text(t, cells);
  free(cells);
  for (size_t k = 0; t->format == TABLE_MD && k < t->columns; k++)
    fputs(k ? " --- |" : "| --- |", stdout);
  if (t->format == TABLE_MD)
    putchar('\n');
}

/* --- for people ------------------------------------------------------------------------------- */

static void put_blanks(size_t n)
{
  while (n--)
    putchar(' ');
}

/* The first `width` columns of s, with a mark at the end when something was cut. */
static void put_cut(const char *s, size_t width, bool right)
{
  size_t full = width_of(s), used = 0;
  const char *mark = MB_CUR_MAX > 1 ? "…" : "~";
  if (full <= width) {
    if (right)
      put_blanks(width - full);
    fputs(s, stdout);
    if (!right)
      put_blanks(width - full);
    return;
  }
  for (size_t left = strlen(s); left;) {
    utf8proc_int32_t c;
    utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)left, &c);
    size_t columns = n > 0 ? (size_t)utf8proc_charwidth(c) : 1;
    if (n <= 0)
      n = 1;
    if (used + columns + 1 > width)
      break;
    fwrite(s, 1, (size_t)n, stdout);
    used += columns;
    s += n;
    left -= (size_t)n;
  }
  fputs(mark, stdout);
  put_blanks(width - used - 1);
}

/* Take from the widest column until the table fits, but leave each at least 8. */
static void fit(const struct table *t, size_t *width)
{
  size_t total = 2 * (t->columns - 1);
  for (size_t k = 0; k < t->columns; k++)
    total += width[k];
  while (t->width > 0 && total > (size_t)t->width) {
    size_t widest = t->columns;
    for (size_t k = 0; k < t->columns; k++)
      if (!t->is_number[k] && width[k] > 8 && (widest == t->columns || width[k] > width[widest]))
        widest = k;
    if (widest == t->columns)
      return;
    width[widest]--;
    total--;
  }
}

static void put_line(const struct table *t, char *const *cells, const size_t *width)
{
  size_t last = t->columns - 1;
  for (size_t k = 0; k < t->columns; k++) {
    bool open = k == last && !t->is_number[k]; /* no blanks at the end of a line */
    size_t full = width_of(cells[k]);
    put_cut(cells[k], open && full < width[k] ? full : width[k], t->is_number[k]);
    fputs(k == last ? "\n" : "  ", stdout);
  }
}

static void print_human(const struct table *t)
{
  size_t *width = xcalloc(t->columns, sizeof *width);
  char **rule = xcalloc(t->columns, sizeof *rule);
  for (size_t k = 0; k < t->columns; k++) {
    width[k] = width_of(t->names[k]);
    for (size_t r = 0; r < t->rows; r++) {
      size_t w = width_of(t->cell[r * t->columns + k]);
      width[k] = w > width[k] ? w : width[k];
    }
  }
  fit(t, width);
  for (size_t k = 0; k < t->columns; k++) {
    rule[k] = xmalloc(width[k] + 1);
    memset(rule[k], '-', width[k]);
    rule[k][width[k]] = '\0';
  }
  put_line(t, t->names, width);
  put_line(t, rule, width);
  for (size_t r = 0; r < t->rows; r++)
    put_line(t, t->cell + r * t->columns, width);
  for (size_t k = 0; k < t->columns; k++)
    free(rule[k]);
  free(rule);
  free(width);
}

static void keep(struct table *t, const struct store_cell *cells)
{
  if (t->rows == t->capacity) {
    t->capacity = t->capacity ? 2 * t->capacity : 64;
    t->cell = xrealloc(t->cell, t->capacity * t->columns * sizeof *t->cell);
  }
  for (size_t k = 0; k < t->columns; k++) {
    t->cell[t->rows * t->columns + k] = human_text(&cells[k]);
    bool nothing = cells[k].type == STORE_TEXT && strcmp(t->cell[t->rows * t->columns + k], "-") == 0;
    if ((cells[k].type == STORE_TEXT && !nothing) || cells[k].type == STORE_BLOB)
      t->is_number[k] = false;
  }
}

/* --- the table -------------------------------------------------------------------------------- */

struct table *table_new(enum table_format f, size_t columns, const char *const *names, int width)
{
  struct table *t = xcalloc(1, sizeof *t);
  *t = (struct table){.format = f, .columns = columns, .width = width, .terminal = isatty(STDOUT_FILENO)};
  t->names = xcalloc(columns ? columns : 1, sizeof *t->names);
  t->is_number = xcalloc(columns ? columns : 1, sizeof *t->is_number);
  for (size_t k = 0; k < columns; k++) {
    t->names[k] = f == TABLE_HUMAN ? text_safe(names[k], false) : xstrdup(names[k]);
    t->is_number[k] = true;
  }
  if (f == TABLE_CSV || f == TABLE_TSV || f == TABLE_MD)
    head_text(t);
  return t;
}

void table_row(struct table *t, const struct store_cell *cells)
{
  if (t->format == TABLE_HUMAN)
    keep(t, cells);
  else if (t->format == TABLE_JSON || t->format == TABLE_JSONL)
    row_json(t, cells);
  else
    row_text(t, cells);
  t->rows++;
}

void table_end(struct table *t)
{
  if (t->format == TABLE_HUMAN && t->columns)
    print_human(t);
  if (t->format == TABLE_JSON)
    fputs(t->rows ? "\n]\n" : "[]\n", stdout);
  for (size_t k = 0; k < t->columns; k++)
    free(t->names[k]);
  for (size_t i = 0; t->cell && i < t->rows * t->columns; i++)
    free(t->cell[i]);
  free(t->names);
  free(t->cell);
  free(t->is_number);
  free(t);
}
