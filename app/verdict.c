/* verdict.c: see verdict.h. */
#include "app/verdict.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"

static double number(const json_t *o, const char *key)
{
  const json_t *v = json_object_get(o, key);
  return json_is_number(v) ? json_number_value(v) : (double)NAN;
}

static const char *string(const json_t *o, const char *key)
{
  const char *s = json_string_value(json_object_get(o, key));
  return s ? s : "";
}

int verdict_record(struct store *s, const char *paper, int64_t experiment_id, const char *json, size_t runs)
{
  bool is_new;
  json_t *detail = json_loads(json, 0, NULL);
  json_object_set_new(detail, "runs", json_integer((json_int_t)runs));
  char *text = json_dumps(detail, JSON_COMPACT | JSON_SORT_KEYS);
  const struct store_verdict v = {
    .paper = paper, .experiment_id = experiment_id, .verdict = string(detail, "verdict"), .effect = number(detail, "effect"),
    .low = number(detail, "low"), .high = number(detail, "high"), .detail_json = text ? text : "{}"};
  int code = store_verdict(s, &v, &is_new);
  free(text);
  json_decref(detail);
  return code;
}

/* --- as text ---------------------------------------------------------------------------------- */

static double cell_number(struct store_cell c)
{
  return c.type == STORE_REAL ? c.r : c.type == STORE_INTEGER ? (double)c.i : (double)NAN;
}

static char *effect_text(double effect, double low, double high)
{
  if (isnan(effect))
    return xstrdup("-");
  if (isnan(low) || isnan(high) || low == high)
    return xasprintf("%.4g", effect);
  return xasprintf("%.4g [%.4g, %.4g]", effect, low, high);
}

char *verdict_effect(struct store_cell effect, struct store_cell low, struct store_cell high)
{
  return effect_text(cell_number(effect), cell_number(low), cell_number(high));
}

/* "at least 0.5 and at most 2" */
static char *region_text(const json_t *finding)
{
  static const char *const words[][2] = {
    {"at_least", "at least"}, {"more_than", "more than"}, {"at_most", "at most"}, {"less_than", "less than"}};
  char text[200] = "";
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    double end = number(finding, words[i][0]);
    size_t n = strlen(text);
    if (!isnan(end))
      snprintf(text + n, sizeof text - n, "%s%s %.4g", n ? " and " : "", words[i][1], end);
  }
  return xstrdup(text);
}

void verdict_wrap(const char *first, int indent, const char *text, int width)
{
  char *safe = text_safe(text, false), *rest = NULL;
  int at = indent, blank = indent - (int)text_width(first);
  printf("%s%*s", first, blank > 0 ? blank : 0, "");
  for (char *word = strtok_r(safe, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
    int n = (int)text_width(word);
    if (at > indent && at + 1 + n > width) {
      printf("\n%*s", indent, "");
      at = indent;
    }
    printf("%s%s", at > indent ? " " : "", word);
    at += n + (at > indent);
  }
  putchar('\n');
  free(safe);
}

enum { INDENT = 14 };

static void print_finding(const struct app *app, const json_t *f)
{
  double n = number(f, "n");
  char *effect = effect_text(number(f, "effect"), number(f, "low"), number(f, "high")), *region = region_text(f);
  char *count = isnan(n) ? xstrdup("") : xasprintf(" (n %.0f)", n), *head = text_safe(string(f, "verdict"), false);
  char *line = isnan(number(f, "effect"))
                 ? xasprintf("no effect could be measured%s", count)
                 : xasprintf("%s%s%s%s; claimed: %s", effect, *string(f, "unit") ? " " : "", string(f, "unit"), count, region);
  verdict_wrap(head, INDENT, string(f, "statement"), app->width);
  verdict_wrap("", INDENT, line, app->width);
  if (*string(f, "why"))
    verdict_wrap("", INDENT, string(f, "why"), app->width);
  free(line);
  free(head);
  free(count);
  free(region);
  free(effect);
}

void verdict_print(const struct app *app, const char *json)
{
  json_t *v = json_loads(json, 0, NULL);
  json_t *parts = json_object_get(v, "parts");
  for (size_t i = 0; i < json_array_size(parts); i++)
    print_finding(app, json_array_get(parts, i));
  json_decref(v);
}
