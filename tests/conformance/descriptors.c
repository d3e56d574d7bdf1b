/* Every method of every kind: its descriptor is complete, its ranges are kept, its text and JSON agree. */
#include <ctype.h>
#include <inttypes.h>
#include <math.h>

#include "tests/conformance/walk.h"

static bool well_formed(const char *id, char joint)
{
  if (!islower((unsigned char)*id))
    return false;
  for (const char *c = id; *c; c++)
    if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && (*c != joint || c[1] == joint || !c[1]))
      return false;
  return true;
}

static bool has_year(const char *s)
{
  for (; s && *s; s++)
    if ((strncmp(s, "18", 2) == 0 || strncmp(s, "19", 2) == 0 || strncmp(s, "20", 2) == 0) &&
        isdigit((unsigned char)s[2]) && isdigit((unsigned char)s[3]) && !isdigit((unsigned char)s[4]))
      return true;
  return false;
}

static size_t field_size(enum param_type t)
{
  switch (t) {
  case PARAM_REAL: return sizeof(double);
  case PARAM_INT: return sizeof(int64_t);
  case PARAM_BOOL: return sizeof(bool);
  case PARAM_CHOICE: return sizeof(int);
  case PARAM_STRING: return sizeof(char *);
  case PARAM_LIST: return sizeof(struct param_list);
  case PARAM_METHOD: return sizeof(struct object);
  case PARAM_TABLE: return sizeof(struct param_table *);
  case PARAM_METHODS: return sizeof(struct param_objects);
  }
  return 0;
}

static void check_head(const struct method *m)
{
  const char *kind = kind_name(m->kind);
  tap_ok(well_formed(m->id, '-'), "%s %s: the id is lower case, digits and hyphens", kind, m->id);
  tap_ok(m->name && *m->name && m->summary && *m->summary && !strchr(m->summary, '\n') && strlen(m->summary) <= 100,
         "%s %s: it has a name, and a summary of one line", kind, m->id);
  tap_ok(has_year(m->cite), "%s %s: the source is cited with its year", kind, m->id);
  char *call = xasprintf("assay.%s(\"%s\"", kind, m->id);
  tap_ok(m->example && *m->example, "%s %s: there is an example", kind, m->id);
  tap_ok(m->kind == KIND_DATA || (m->example && strstr(m->example, call)), "%s %s: the example makes this method", kind,
         m->id);
  free(call);
  tap_ok(registry_find(m->kind, m->id) == m, "%s %s: it is found by kind and id", kind, m->id);
}

/* Rows describe fields of the conf that do not overlap, each once. */
static void check_rows(const struct method *m)
{
  const char *fault = NULL;
  for (const struct param *p = m->params; p && p->id && !fault; p++) {
    if (!well_formed(p->id, '_') || !p->doc || !*p->doc || strchr(p->doc, '\n') ||
        (!p->example && p->type != PARAM_TABLE))
      fault = p->id;
    if (p->at + field_size(p->type) > m->conf_size || (p->type == PARAM_CHOICE && (!p->choices || !p->choices[0])))
      fault = p->id;
    if ((p->type == PARAM_METHOD || p->type == PARAM_METHODS) && (p->of <= 0 || p->of >= KIND_COUNT))
      fault = p->id;
    if ((p->min != 0 || p->max != 0) && !(p->min < p->max))
      fault = p->id;
    for (const struct param *q = m->params; q < p; q++)
      if (strcmp(p->id, q->id) == 0 || (p->at < q->at + field_size(q->type) && q->at < p->at + field_size(p->type)))
        fault = p->id;
  }
  tap_ok(!fault, "%s %s: every parameter has a good name, one sentence, an example and a field of its own%s%s",
         kind_name(m->kind), m->id, fault ? ": not so " : "", fault ? fault : "");
}

enum outcome { ACCEPTED, REFUSED_BY_ROW, REFUSED_BY_RULE };

/* What happens to the method with one value set. A row refuses with "NAME must be …, got …" right after
 * the method; anything else comes from a rule between parameters. */
static enum outcome try_value(const struct method *m, const struct param *p, struct value v, struct err *e)
{
  struct object o;
  struct named_value named = {p->id, v};
  enum status s = base_object(&o, m, &named, 1, e);
  object_free(&o);
  if (s == STATUS_OK)
    return ACCEPTED;
  char *start = xasprintf("%s \"%s\": %s must be ", kind_name(m->kind), m->id, p->id);
  bool row = strncmp(e->message, start, strlen(start)) == 0 && strstr(e->message, ", got ");
  free(start);
  if (row && m->resolve && p->type != PARAM_TABLE) {
    /* The same words could come from resolve: the row alone decides. */
    struct method bare = *m;
    bare.resolve = NULL;
    row = base_object(&o, &bare, &named, 1, NULL) != STATUS_OK;
    object_free(&o);
  }
  return row ? REFUSED_BY_ROW : REFUSED_BY_RULE;
}

/* A value of the row's type. List values borrow *v. */
static struct value value_of(const struct param *p, const double *v)
{
  if (p->type == PARAM_LIST)
    return (struct value){.kind = VALUE_LIST, .as.list = {1, v}};
  if (p->type == PARAM_INT && *v == trunc(*v) && fabs(*v) < 0x1p63)
    return (struct value){.kind = VALUE_INT, .as.i = (int64_t)*v};
  return (struct value){.kind = VALUE_REAL, .as.r = *v};
}

static void check_bound(const struct method *m, const struct param *p, double bound, bool open, double outward)
{
  struct err e = {0};
  double next_out = p->type == PARAM_INT ? bound + copysign(1, outward) : nextafter(bound, outward);
  double next_in = p->type == PARAM_INT ? bound - copysign(1, outward) : nextafter(bound, -outward);
  double inside = open ? next_in : bound, outside = open ? bound : next_out;
  enum outcome in = try_value(m, p, value_of(p, &inside), &e);
  if (in == REFUSED_BY_RULE)
    tap_diag("the range allows %.17g, a rule does not: %s", inside, e.message);
  tap_ok(in != REFUSED_BY_ROW, "%s %s: %s accepts %.17g, just inside its range", kind_name(m->kind), m->id, p->id,
         inside);
  if (!tap_ok(try_value(m, p, value_of(p, &outside), &e) == REFUSED_BY_ROW,
              "%s %s: %s refuses %.17g, just outside, and says so", kind_name(m->kind), m->id, p->id, outside))
    tap_diag("message: %s", e.message);
}

static void check_range(const struct method *m, const struct param *p)
{
  bool number = p->type == PARAM_REAL || p->type == PARAM_INT || p->type == PARAM_LIST;
  if (number && (p->min != 0 || p->max != 0)) {
    if (isfinite(p->min))
      check_bound(m, p, p->min, p->flags & PARAM_MIN_OPEN, -INFINITY);
    if (isfinite(p->max))
      check_bound(m, p, p->max, p->flags & PARAM_MAX_OPEN, INFINITY);
  }
  struct err e;
  const double not_finite[] = {NAN, INFINITY, -INFINITY};
  for (size_t i = 0; i < 3 && number; i++)
    if (try_value(m, p, value_of(p, &not_finite[i]), &e) != REFUSED_BY_ROW) {
      tap_ok(false, "%s %s: %s refuses %g", kind_name(m->kind), m->id, p->id, not_finite[i]);
      return;
    }
}

static void check_default_and_example(const struct method *m, const struct param *p)
{
  struct err e = {0};
  char *usual = param_default_text(p);
  if (usual && strcmp(usual, "none") != 0)
    tap_ok(try_value(m, p, value_from_text(p, usual), &e) != REFUSED_BY_ROW,
           "%s %s: the default of %s, %s, is a value it accepts", kind_name(m->kind), m->id, p->id, usual);
  free(usual);
  if (p->example && p->type != PARAM_TABLE)
    tap_ok(try_value(m, p, value_from_text(p, p->example), &e) != REFUSED_BY_ROW, "%s %s: so is its example, %s",
           kind_name(m->kind), m->id, p->example);
}

static void check_wrong_type(const struct method *m, const struct param *p)
{
  struct value wrong = {.kind = VALUE_STRING, .as.s = "xyzzy"};
  struct err e = {0};
  if (p->type == PARAM_STRING || p->type == PARAM_METHOD || p->type == PARAM_METHODS || p->type == PARAM_TABLE)
    wrong = (struct value){.kind = VALUE_BOOL, .as.b = true};
  if (!tap_ok(try_value(m, p, wrong, &e) == REFUSED_BY_ROW, "%s %s: %s refuses a value of another type by its name",
              kind_name(m->kind), m->id, p->id))
    tap_diag("message: %s", e.message);
}

static void check_misspelling(const struct method *m, const struct param *p)
{
  struct object o;
  struct err e = {0};
  char *name = xasprintf("%sq", p->id);
  struct named_value v = number_value(name, 1);
  bool refused = base_object(&o, m, &v, 1, &e) == STATUS_BAD_ARG;
  tap_ok(refused && strstr(e.message, name) && strstr(e.message, "did you mean"),
         "%s %s: \"%s\" is refused with a suggestion", kind_name(m->kind), m->id, name);
  object_free(&o);
  free(name);
}

static bool owns_nothing(const struct method *m)
{
  for (const struct param *p = m->params; p && p->id; p++)
    if (p->type >= PARAM_STRING)
      return false;
  return true;
}

/* conf -> JSON -> conf -> the same bytes, with the defaults and with one example set. */
static bool round_trip(const struct method *m, const struct named_value *v, size_t n)
{
  struct object o, back, copy;
  struct err e = {0};
  if (base_object(&o, m, v, n, &e) != STATUS_OK)
    return n > 0; /* a rule wants more than this one value */
  char *first = object_json(&o), *second = NULL, *third = NULL;
  bool same =
      object_from_json(&back, first, registry_find, &e) == STATUS_OK && object_copy(&copy, &back, &e) == STATUS_OK;
  if (same) {
    second = object_json(&back);
    third = object_json(&copy);
    same = strcmp(first, second) == 0 && strcmp(first, third) == 0;
    if (same && m->conf_size && owns_nothing(m))
      same = memcmp(o.conf, back.conf, m->conf_size) == 0 && memcmp(o.conf, copy.conf, m->conf_size) == 0;
    object_free(&copy);
  }
  if (!same)
    tap_diag("first:  %s\nsecond: %s\n%s", first, second ? second : "(none)", e.message);
  object_free(&back);
  object_free(&o);
  free(first);
  free(second);
  free(third);
  return same;
}

static void check_round_trip(const struct method *m)
{
  bool same = round_trip(m, NULL, 0);
  for (const struct param *p = m->params; p && p->id; p++)
    if (p->example && p->type != PARAM_TABLE) {
      struct named_value v = {p->id, value_from_text(p, p->example)};
      same = round_trip(m, &v, 1) && same;
    }
  tap_ok(same, "%s %s: conf to JSON to conf gives the same bytes", kind_name(m->kind), m->id);
}

/* Does text hold every line of part? Help indents them. */
static bool has_lines(const char *text, const char *part)
{
  bool all = true;
  for (size_t n; *part; part += n + (part[n] == '\n')) {
    n = strcspn(part, "\n");
    char *line = xasprintf("%.*s", (int)n, part);
    all = all && strstr(text, line);
    free(line);
  }
  return all;
}

static void check_text(const struct method *m)
{
  char *help = method_help(m, 78), *table = methods_table(m->kind, 200), *json = methods_json(m->kind, m->id);
  char *entry = xasprintf("\"id\": \"%s\"", m->id);
  bool complete = strstr(help, m->name) && strstr(help, m->id) && has_lines(help, m->example);
  bool listed = strstr(json, entry) && strstr(json, "\"cite\": \"");
  for (const struct param *p = m->params; p && p->id; p++) {
    char *row = xasprintf("\"id\": \"%s\"", p->id), *line = xasprintf("\n  %s", p->id);
    listed = listed && strstr(json, row);
    complete = complete && strstr(help, line);
    free(row);
    free(line);
  }
  tap_ok(complete, "%s %s: the help names it, its parameters and its example", kind_name(m->kind), m->id);
  tap_ok(listed, "%s %s: the JSON names it and its parameters", kind_name(m->kind), m->id);
  tap_ok(strstr(table, m->id) && strstr(table, m->summary), "%s %s: the table names it with its summary",
         kind_name(m->kind), m->id);
  free(help);
  free(table);
  free(json);
  free(entry);
}

static void check(const struct method *m)
{
  check_head(m);
  check_rows(m);
  for (const struct param *p = m->params; p && p->id; p++) {
    check_range(m, p);
    check_default_and_example(m, p);
    check_wrong_type(m, p);
    check_misspelling(m, p);
  }
  check_round_trip(m);
  check_text(m);
}

int main(void)
{
  size_t n = walk(0, check);
  tap_ok(n > 0, "the registry holds methods (%zu)", n);
  bool sorted = true;
  for (size_t i = 1; i < registry_count(); i++) {
    const struct method *a = registry_at(i - 1), *b = registry_at(i);
    sorted = sorted && (a->kind < b->kind || (a->kind == b->kind && strcmp(a->id, b->id) < 0));
  }
  tap_ok(sorted, "they are sorted by kind and id, each once");
  tap_ok(registry_at(registry_count()) == NULL && registry_find(KIND_SCHEDULE, "") == NULL,
         "nothing stands beyond the end");
  return tap_done();
}
