/* Canonical JSON: its exact form, the way back, and input that is not what it should be. */
#include <float.h>
#include <locale.h>

#include "experiments/kernel/mem.h"
#include "tests/unit/params/local_methods.h"

#define INNER_JSON "{\"id\":\"inner\",\"kind\":\"optimizer\",\"params\":{\"rate\":0.5}}"

static void test_number(void)
{
  static const struct { double v; const char *text;
  } cases[] = {
      {0.1, "0.1"},
      {1, "1"},
      {-2.5, "-2.5"},
      {1e-5, "1e-05"},
      {1e22, "1e+22"},
      {1.0 / 3, "0.3333333333333333"},
      {0, "0"},
      {-0.0, "-0.0"},
      {0.1 + 0.2, "0.30000000000000004"},
      {NAN, "null"},
      {INFINITY, "\"inf\""},
      {-INFINITY, "\"-inf\""},
  };
  char out[32];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    json_number(cases[i].v, out);
    tap_is_str(out, cases[i].text, "the shortest text of %.17g", cases[i].v);
  }
  static const double hard[] = {
      DBL_MAX, DBL_MIN, DBL_TRUE_MIN, 0x1.fffffffffffffp0, 9007199254740993.0, 5e-324, 123456789012345680.0};
  for (size_t i = 0; i < sizeof hard / sizeof *hard; i++) {
    json_number(hard[i], out);
    tap_ok(strtod(out, NULL) == hard[i], "%s reads back to the same number", out);
  }
}

static void test_locale(void)
{
  static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE.utf8", "fr_FR.utf8"};
  const char *set = NULL;
  for (size_t i = 0; i < sizeof names / sizeof *names && !set; i++)
    set = setlocale(LC_NUMERIC, names[i]);
  if (!set) {
    tap_skip(2, "no locale with a decimal comma is installed");
    return;
  }
  char out[32];
  json_number(0.1, out);
  tap_is_str(out, "0.1", "numbers have a decimal point under %s", set);
  static const char *const words[] = {"peak=0.25"};
  struct object o;
  tap_ok(params_from_words(&o, &outer, words, 1, local_find, NULL) == STATUS_OK &&
             ((struct outer_conf *)o.conf)->peak == 0.25,
         "and are read with one");
  object_free(&o);
  setlocale(LC_NUMERIC, "C");
}

static void test_form(void)
{
  struct object o;
  double cells[] = {1, 2, 3, 0.1};
  struct named_value v[] = {string("file", "a \"b\"\\\n\x01 ü"), table("rows", 2, 2, cells), real("ratio", -0.0)};
  if (params_parse(&o, &outer, v, 3, local_find, NULL) != STATUS_OK)
    tap_bail("the outer method has no object");
  char *json = object_json(&o);
  tap_is_str(json,
             "{\"id\":\"outer\",\"kind\":\"schedule\",\"params\":{\"count\":3,\"file\":\"a \\\"b\\\"\\\\\\n\\u0001 "
             "ü\",\"gap\":0,"
             "\"hidden\":[256,256],\"peak\":0.1,\"ratio\":0,\"rows\":[[1,2],[3,0.1]],\"rule\":" INNER_JSON
             ",\"shape\":\"cosine\",\"steps\":\"auto\",\"warm\":true}}",
             "keys are sorted, defaults filled in, numbers short, -0 is 0");
  free(json);
  object_free(&o);
}

static void round_trip(const struct method *m, const struct named_value *v, size_t n, const char *what)
{
  struct object o, back;
  struct err e = {0};
  if (params_parse(&o, m, v, n, local_find, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  char *first = object_json(&o);
  if (tap_ok(object_from_json(&back, first, local_find, &e) == STATUS_OK, "%s can be read back %s", what, e.message)) {
    char *second = object_json(&back);
    tap_is_str(second, first, "%s gives the same bytes again", what);
    free(second);
  }
  object_free(&back);
  object_free(&o);
  free(first);
}

static void test_round_trip(void)
{
  double cells[] = {1.0 / 3, 2, DBL_MAX, 1e-300}, empty;
  struct named_value all[] = {integer("count", 9007199254740993), string("steps", "auto"), real("peak", 1.0 / 3),
                              table("rows", 2, 2, cells), boolean("warm", false)};
  struct named_value none[] = {list("hidden", 0, &empty), table("rows", 0, 0, &empty), real("peak", 1)};
  round_trip(&bare, NULL, 0, "a method without parameters");
  round_trip(&outer, NULL, 0, "the defaults");
  round_trip(&outer, all, 5, "awkward values");
  round_trip(&outer, none, 3, "empty lists and tables");
}

static void bad(const char *json, const char *part)
{
  struct object o;
  struct err e = {0};
  enum status s = object_from_json(&o, json, local_find, &e);
  tap_has(s != STATUS_OK ? e.message : "accepted", part, "%.40s is refused", json);
  tap_ok(o.conf == NULL, "and leaves nothing behind");
  object_free(&o);
}

static void test_bad(void)
{
  bad("", "not JSON");
  bad("{\"id\":", "not JSON");
  bad("[]", "not a method");
  bad("{\"id\":1,\"kind\":\"schedule\"}", "not a method");
  bad("{\"id\":\"outer\",\"kind\":\"schedule\",\"params\":[]}", "not a method");
  bad("{\"id\":\"outer\",\"kind\":\"planet\",\"params\":{}}", "unknown kind of method \"planet\"");
  bad("{\"id\":\"nobody\",\"kind\":\"schedule\",\"params\":{}}", "there is no schedule \"nobody\"");
  bad("{\"id\":\"outer\",\"kind\":\"schedule\",\"extra\":1}", "no \"extra\"");
  bad("{\"id\":\"outer\",\"kind\":\"schedule\",\"params\":{\"peak\":\"x\"}}", "peak must be a number > 0, got \"x\"");
  bad("{\"id\":\"outer\",\"kind\":\"schedule\",\"params\":{\"peak\":1,\"peak\":2}}", "not JSON");
  bad("{\"id\":\"outer\",\"kind\":\"schedule\",\"params\":{\"peak\":1e999}}", "not JSON");
  bad("{\"id\":\"outer\",\"kind\":\"schedule\",\"params\":{\"hidden\":[1,\"x\"]}}",
      "schedule \"outer\": parameter \"hidden\" holds a list with something else");
  bad("{\"id\":\"outer\",\"kind\":\"schedule\",\"params\":{\"rows\":[[1],[1,2]]}}", "rows of different lengths");
  bad("{\"id\":\"outer\",\"kind\":\"schedule\",\"params\":{\"rows\":[[1],2]}}", "rows of different lengths");
  bad("{\"id\":\"outer\",\"kind\":\"schedule\",\"params\":{\"rule\":{\"id\":\"bare\",\"kind\":\"sampler\"}}}",
      "rule must be an optimizer");
}

static void test_deep(void)
{
  size_t depth = 3000;
  char *text = xmalloc(depth * 64), *end = text;
  for (size_t i = 0; i < depth; i++)
    end += sprintf(end, "{\"id\":\"outer\",\"kind\":\"schedule\",\"params\":{\"rule\":");
  snprintf(end, 2, "1");
  bad(text, "not JSON");
  end = text;
  for (size_t i = 0; i < 40; i++)
    end += sprintf(end, "{\"id\":\"outer\",\"kind\":\"schedule\",\"params\":{\"rule\":");
  end += sprintf(end, "1");
  for (size_t i = 0; i < 40; i++)
    end += sprintf(end, "}}");
  bad(text, "more than 32 deep");
  free(text);
}

int main(void)
{
  test_number();
  test_locale();
  test_form();
  test_round_trip();
  test_bad();
  test_deep();
  return tap_done();
}
