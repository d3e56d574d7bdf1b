/* params_text.c: parameters as words: `k=v` in, readable lines out. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/params_int.h"

#define LIST_SHOWN 16 /* numbers of a list in a line */

/* A number at the start of text, with "." as the decimal point whatever the user's locale. */
static double number_start(const char *text, char **end)
{
  if (strcmp(localeconv()->decimal_point, ".") == 0)
    return strtod(text, end);
  locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (!c)
    return strtod(text, end);
  double v = strtod_l(text, end, c);
  freelocale(c);
  return v;
}

bool number_from_text(double *out, const char *text)
{
  char *end;
  *out = number_start(text, &end);
  if (end == text)
    return false;
  while (isspace((unsigned char)*end))
    end++;
  return *end == '\0';
}

static bool integer_from_text(int64_t *out, const char *text)
{
  char *end;
  errno = 0;
  *out = strtoll(text, &end, 10);
  return end != text && *end == '\0' && errno == 0;
}

bool list_from_text(struct param_list *out, const char *text)
{
  size_t room = 1, n = 0;
  for (const char *s = text; *s; s++)
    room += *s == ',';
  double *v = xmalloc(room * sizeof *v);
  const char *s = text + strspn(text, " \t");
  char close = *s == '[' ? ']' : *s == '{' ? '}' : '\0';
  s += close != '\0';
  s += strspn(s, " \t");
  while (*s && *s != close) {
    char *end;
    v[n++] = number_start(s, &end);
    if (end == s)
      goto no_list;
    s = end + strspn(end, " \t");
    if (*s == ',' && s[1])
      s++;
    else if (*s != close)
      goto no_list;
  }
  if (*s != close || (close && s[1 + strspn(s + 1, " \t")]))
    goto no_list;
  *out = (struct param_list){n, v};
  return true;
no_list:
  free(v);
  return false;
}

bool list_default(struct param_list *out, const struct param *p)
{
  if (p->def_text)
    return list_from_text(out, p->def_text);
  *out = (struct param_list){0, xmalloc(1)};
  return true;
}

struct value value_from_text(const struct param *p, const char *text)
{
  struct value v = {.kind = VALUE_STRING, .as.s = text};
  int64_t i;
  double r;
  if (p->type == PARAM_BOOL && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)) {
    v.kind = VALUE_BOOL;
    v.as.b = *text == 't';
  } else if ((p->type == PARAM_INT || p->type == PARAM_REAL) && integer_from_text(&i, text)) {
    v.kind = VALUE_INT;
    v.as.i = i;
  } else if ((p->type == PARAM_INT || p->type == PARAM_REAL) && number_from_text(&r, text)) {
    v.kind = VALUE_REAL;
    v.as.r = r;
  }
  return v;
}

enum status params_from_words(struct object *out, const struct method *m, const char *const *words, size_t n,
                              method_finder *find, struct err *e)
{
  struct named_value *values = xcalloc(n, sizeof *values);
  char **names = xcalloc(n, sizeof *names);
  enum status s = STATUS_OK;
  for (size_t i = 0; i < n && s == STATUS_OK; i++) {
    const char *equals = strchr(words[i], '=');
    if (!equals || equals == words[i]) {
      char seen[SHOWN_MAX];
      text_show(words[i], seen);
      s = err_set(e, STATUS_BAD_ARG, "%s \"%s\": expected parameter=value, got %s", kind_name(m->kind), m->id, seen);
      break;
    }
    names[i] = xasprintf("%.*s", (int)(equals - words[i]), words[i]);
    const struct param *p = params_find(m, names[i]);
    struct value text = {.kind = VALUE_STRING, .as.s = equals + 1};
    values[i] = (struct named_value){names[i], p ? value_from_text(p, equals + 1) : text};
  }
  if (s == STATUS_OK)
    s = params_parse(out, m, values, n, find, e);
  else
    *out = (struct object){0};
  for (size_t i = 0; i < n; i++)
    free(names[i]);
  free(names);
  free(values);
  return s;
}

static void print_list(FILE *f, const struct param_list *list)
{
  for (size_t i = 0; i < list->n; i++) {
    char number[32];
    number_show(list->v[i], number);
    fprintf(f, "%s%s", i ? "," : "", number);
  }
}

static void print_object(FILE *f, const struct object *o, bool nested);

static void print_objects(FILE *f, const struct param_objects *list)
{
  for (size_t i = 0; i < list->n; i++) {
    fputs(i ? "," : "", f);
    print_object(f, &list->v[i], true);
  }
  if (!list->n)
    fputs("none", f);
}

static void print_param(FILE *f, const struct param *p, const void *conf)
{
  const void *at = param_at_const(p, conf);
  char number[32];
  switch (p->type) {
  case PARAM_REAL:
    number_show(*(const double *)at, number);
    fputs(p->flags & PARAM_AUTO && isnan(*(const double *)at) ? "auto" : number, f);
    break;
  case PARAM_INT:
    if (p->flags & PARAM_AUTO && *(const int64_t *)at == PARAM_AUTO_INT)
      fputs("auto", f);
    else
      fprintf(f, "%" PRId64, *(const int64_t *)at);
    break;
  case PARAM_BOOL: fputs(*(const bool *)at ? "true" : "false", f); break;
  case PARAM_CHOICE: fputs(p->choices[*(const int *)at], f); break;
  case PARAM_STRING: fputs(*(char *const *)at ? *(char *const *)at : "none", f); break;
  case PARAM_LIST: print_list(f, at); break;
  case PARAM_METHOD:
    if (((const struct object *)at)->method)
      print_object(f, at, true);
    else
      fputs("none", f);
    break;
  case PARAM_METHODS: print_objects(f, at); break;
  case PARAM_TABLE: {
    const struct param_table *t = *(struct param_table *const *)at;
    fprintf(f, t ? "%zu x %zu numbers" : "none", t ? t->rows : 0, t ? t->cols : 0);
    break;
  }
  }
}

char *param_text(const struct param *p, const void *conf)
{
  char *text;
  size_t size;
  FILE *f = xstream_open(&text, &size);
  print_param(f, p, conf);
  xstream_close(f);
  return text;
}

/* What param_text gives for the default; NULL where the row has none that can be shown. */
static char *default_text(const struct param *p)
{
  char number[32];
  struct param_list list;
  switch (p->type) {
  case PARAM_REAL:
    if (p->flags & PARAM_AUTO)
      return xstrdup("auto");
    number_show(p->def, number);
    return xstrdup(number);
  case PARAM_INT: return p->flags & PARAM_AUTO ? xstrdup("auto") : xasprintf("%" PRId64, (int64_t)p->def);
  case PARAM_BOOL: return xstrdup(p->def != 0 ? "true" : "false");
  case PARAM_CHOICE: return xstrdup(p->choices[(int)p->def]);
  case PARAM_LIST:
    if (list_default(&list, p)) {
      char *text;
      size_t size;
      FILE *f = xstream_open(&text, &size);
      print_list(f, &list);
      xstream_close(f);
      free(list.v);
      return text;
    }
    return NULL;
  case PARAM_STRING:
  case PARAM_METHODS:
  case PARAM_METHOD: return xstrdup(p->def_text ? p->def_text : "none");
  case PARAM_TABLE: return xstrdup("none");
  }
  return NULL;
}

char *param_default_text(const struct param *p) { return p->flags & PARAM_REQUIRED ? NULL : default_text(p); }

/* A value in a line for people: long lists are counted, long texts cut, and no line is broken. Caller frees. */
static char *brief_text(const struct param *p, const void *conf)
{
  const struct param_list *list = param_at_const(p, conf);
  if (p->type == PARAM_LIST && list->n > LIST_SHOWN)
    return xasprintf("%zu numbers", list->n);
  char *text = param_text(p, conf);
  if (p->type == PARAM_STRING && (strlen(text) > SHOWN_MAX / 2 || strpbrk(text, "\n\t"))) {
    char shown[SHOWN_MAX];
    text_show(text, shown);
    free(text);
    return xstrdup(shown);
  }
  return text;
}

/* "cosine  peak 0.1  steps 1000", or nested "cosine(peak 0.1, steps 1000)". */
static void print_object(FILE *f, const struct object *o, bool nested)
{
  size_t shown = 0;
  fputs(o->method->id, f);
  for (const struct param *p = o->method->params; p && p->id; p++) {
    char *seen = brief_text(p, o->conf), *usual = default_text(p);
    if (!usual || strcmp(seen, usual) != 0) {
      fputs(!nested ? "  " : shown ? ", " : "(", f);
      fprintf(f, "%s %s", p->id, seen);
      shown++;
    }
    free(seen);
    free(usual);
  }
  if (nested && shown)
    fputc(')', f);
}

char *object_text(const struct object *o)
{
  char *text;
  size_t size;
  FILE *f = xstream_open(&text, &size);
  print_object(f, o, false);
  xstream_close(f);
  return text;
}
