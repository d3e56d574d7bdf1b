/* registry_help.c: everything the descriptors say, for people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/bounds/quantity.h"
#include "experiments/kernel/mem.h"
#include "experiments/params_int.h"
#include "experiments/registry.h"

#define WIDTH_MIN 40

/* Columns that n bytes of UTF-8 take; the descriptors hold no double-width or combining characters. */
static size_t columns(const char *s, size_t n)
{
  size_t count = 0;
  for (size_t i = 0; i < n; i++)
    count += ((unsigned char)s[i] & 0xc0) != 0x80;
  return count;
}

/* Words of text filled into lines from column `at` (already reached on the first line) to `width`. */
static void wrap(FILE *f, const char *text, size_t at, size_t width)
{
  size_t column = at;
  while (*text) {
    text += strspn(text, " ");
    size_t n = strcspn(text, " \n"), w = columns(text, n);
    if (column > at && column + 1 + w > width) {
      fprintf(f, "\n%*s", (int)at, "");
      column = at;
    }
    if (n)
      column += (column > at ? (fputc(' ', f), 1u) : 0u) + w;
    fwrite(text, 1, n, f);
    text += n;
    if (*text == '\n') {
      text++;
      fprintf(f, "\n%*s", *text ? (int)at : 0, "");
      column = at;
    }
  }
  fputc('\n', f);
}

static void section(FILE *f, const char *title, const char *text, size_t width)
{
  if (!text)
    return;
  fprintf(f, "\n%s\n  ", title);
  wrap(f, text, 2, width);
}

/* Lines as they stand: formulas and code are never filled. */
static void verbatim(FILE *f, const char *title, const char *text)
{
  if (!text)
    return;
  fprintf(f, "\n%s\n", title);
  while (*text) {
    size_t n = strcspn(text, "\n");
    fprintf(f, "  %.*s\n", (int)n, text);
    text += n + (text[n] == '\n');
  }
}

static void print_param(FILE *f, const struct param *p, size_t name_width, size_t width)
{
  char allowed[600];
  char *usual = param_default_text(p);
  param_allowed(p, allowed, sizeof allowed);
  fprintf(f, "  %-*s  ", (int)name_width, p->id);
  size_t at = name_width + 4;
  wrap(f, p->doc, at, width);
  char *facts;
  size_t size;
  FILE *g = xstream_open(&facts, &size);
  fputs(allowed, g);
  if (p->unit)
    fprintf(g, " (%s)", p->unit);
  if (usual)
    fprintf(g, "; default %s", *usual ? usual : "none");
  else
    fputs("; required", g);
  bool obvious = p->type == PARAM_BOOL || p->type == PARAM_CHOICE ||
                 (usual && p->example && strcmp(usual, p->example) == 0);
  if (p->example && !obvious)
    fprintf(g, "; for example %s", p->example);
  if (p->from)
    fprintf(g, "; from a subject: %s", p->from->doc);
  xstream_close(g);
  fprintf(f, "%*s", (int)at, "");
  wrap(f, facts, at, width);
  free(facts);
  free(usual);
}

static void print_params(FILE *f, const struct method *m, bool advanced, const char *title, size_t width)
{
  size_t name_width = 0, shown = 0;
  for (const struct param *p = m->params; p && p->id; p++) {
    size_t n = strlen(p->id);
    name_width = n > name_width ? n : name_width;
  }
  for (const struct param *p = m->params; p && p->id; p++) {
    if (!!(p->flags & PARAM_ADVANCED) != advanced)
      continue;
    if (!shown++)
      fprintf(f, "\n%s\n", title);
    print_param(f, p, name_width, width);
  }
}

static void print_needs(FILE *f, const struct method *m)
{
  if (!m->needs || !*m->needs)
    return;
  fputs("\nNeeds\n  ", f);
  for (size_t i = 0; m->needs[i]; i++)
    fprintf(f, "%s%s", i ? ", " : "", m->needs[i]);
  fputc('\n', f);
}

static void print_statement(FILE *f, const struct method *m, size_t width)
{
  if (m->statement == STATEMENT_NONE)
    return;
  fprintf(f, "\nKind of statement\n  %s: ", statement_tag(m->statement));
  wrap(f, statement_meaning(m->statement), 2 + strlen(statement_tag(m->statement)) + 2, width);
}

char *method_help(const struct method *m, int width)
{
  char *text;
  size_t size, columns_wide = width < WIDTH_MIN ? WIDTH_MIN : (size_t)width;
  FILE *f = xstream_open(&text, &size);
  fprintf(f, "%s (%s \"%s\")\n  ", m->name, kind_name(m->kind), m->id);
  wrap(f, m->summary, 2, columns_wide);
  verbatim(f, "Formula", m->formula);
  print_statement(f, m, columns_wide);
  print_params(f, m, false, "Parameters", columns_wide);
  print_params(f, m, true, "Further parameters", columns_wide);
  print_needs(f, m);
  section(f, "Notes", m->notes, columns_wide);
  section(f, "Source", m->cite, columns_wide);
  verbatim(f, "Example", m->example);
  xstream_close(f);
  return text;
}

/* One line: id and as much of the summary as fits. */
static void print_line(FILE *f, const struct method *m, size_t id_width, size_t width)
{
  size_t at = 2 + id_width + 2, room = width > at ? width - at : 0, n = strlen(m->summary);
  bool cut = columns(m->summary, n) > room;
  while (cut && n && (columns(m->summary, n) + 1 > room || ((unsigned char)m->summary[n] & 0xc0) == 0x80))
    n--;
  fprintf(f, "  %-*s  %.*s%s\n", (int)id_width, m->id, (int)n, m->summary, cut ? "…" : "");
}

char *methods_table(enum kind kind, int width)
{
  char *text;
  size_t size, id_width = 0;
  enum kind last = 0;
  FILE *f = xstream_open(&text, &size);
  for (size_t i = 0; i < registry_count(); i++) {
    size_t n = strlen(registry_at(i)->id);
    id_width = n > id_width ? n : id_width;
  }
  for (size_t i = 0; i < registry_count(); i++) {
    const struct method *m = registry_at(i);
    if (kind && m->kind != kind)
      continue;
    if (m->kind != last)
      fprintf(f, "%s%s\n", last ? "\n" : "", kind_name(m->kind));
    last = m->kind;
    print_line(f, m, id_width, width < WIDTH_MIN ? WIDTH_MIN : (size_t)width);
  }
  xstream_close(f);
  return text;
}
