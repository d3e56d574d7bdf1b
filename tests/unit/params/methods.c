/* Lists of methods: given as objects, ids or JSON, copied deeply, printed, read back, refused. */
#include "tests/unit/params/local_methods.h"

#define MANY(rules) "{\"id\":\"many\",\"kind\":\"schedule\",\"params\":{\"rules\":[" rules "]}}"
#define INNER(rate) "{\"id\":\"inner\",\"kind\":\"optimizer\",\"params\":{\"rate\":" rate "}}"

static struct object made(const struct method *m, const struct named_value *v, size_t n)
{
  struct object o;
  struct err e = {0};
  if (params_parse(&o, m, v, n, local_find, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  return o;
}

/* The canonical text, taken from the object, which is freed. */
static void is_json(struct object o, const char *expected, const char *name)
{
  char *json = object_json(&o);
  tap_is_str(json, expected, "%s", name);
  free(json);
  object_free(&o);
}

static void test_values(void)
{
  is_json(made(&many, NULL, 0), MANY(INNER("0.5") "," INNER("0.5")), "the default is made from its ids");
  struct named_value ids = string("rules", "inner, inner,inner");
  is_json(made(&many, &ids, 1), MANY(INNER("0.5") "," INNER("0.5") "," INNER("0.5")), "a text names one method after the other");
  struct named_value rate = real("rate", 0.25), none = list("rules", 0, NULL);
  struct object a = made(&inner, &rate, 1), b = made(&inner, NULL, 0);
  const struct object *both[] = {&a, &b};
  struct named_value objects = {"rules", {.kind = VALUE_OBJECTS, .as.objects = {2, both}}}, one = object("rules", &a);
  struct object o = made(&many, &objects, 1), copy;
  if (object_copy(&copy, &o, NULL) != STATUS_OK)
    tap_bail("no copy");
  char *text = object_text(&o);
  tap_is_str(text, "many  rules inner(rate 0.25),inner", "it prints as a line");
  free(text);
  object_free(&o);
  object_free(&a);
  is_json(copy, MANY(INNER("0.25") "," INNER("0.5")), "a copy owns copies");
  a = made(&inner, &rate, 1);
  one.value.as.object = &a;
  is_json(made(&many, &one, 1), MANY(INNER("0.25")), "one object is a list of one");
  is_json(made(&many, &none, 1), MANY(""), "an empty list is a list");
  const struct named_value twice[] = {one, one};
  is_json(made(&many, twice, 2), MANY(INNER("0.25")), "of equal names the last counts");
  object_free(&a);
  object_free(&b);
}

static void test_json(void)
{
  struct object o;
  struct err e = {0};
  tap_ok(object_from_json(&o, MANY(INNER("0.25") "," INNER("1")), local_find, &e) == STATUS_OK, "JSON can be read back");
  is_json(o, MANY(INNER("0.25") "," INNER("1")), "and is the same again");
  static const struct { const char *json, *part; } bad[] = {
    {MANY(INNER("0.25") ",7"), "not a method"},
    {MANY("7," INNER("0.25")), "something else than numbers"},
    {MANY(INNER("0.25") "," INNER("2")), "rate must be a number in [0, 1], got 2"},
    {MANY("{\"id\":\"bare\",\"kind\":\"sampler\"}"), "rules must be a list of optimizers"},
    {MANY(INNER("0.5") ",{\"id\":\"nobody\",\"kind\":\"optimizer\"}"), "there is no optimizer \"nobody\""},
    {MANY("1,2"), "rules must be a list of optimizers, as ids or objects, got a list of 2 numbers"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    tap_ok(object_from_json(&o, bad[i].json, local_find, &e) != STATUS_OK && !o.method, "bad JSON is refused: %s", bad[i].part);
    tap_has(e.message, bad[i].part, "and the message says why");
  }
}

static void test_refusals(void)
{
  struct object o, sampler = made(&bare, NULL, 0), rule = made(&inner, NULL, 0);
  const struct object *mixed[] = {&rule, &sampler};
  const struct named_value bad[] = {string("rules", "inner,"), string("rules", "inner,bare"), string("rules", "x"), real("rules", 1),
                                    {"rules", {.kind = VALUE_OBJECTS, .as.objects = {2, mixed}}}, object("rules", &sampler)};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct err e = {0};
    tap_ok(params_parse(&o, &many, &bad[i], 1, local_find, &e) == STATUS_BAD_ARG, "value %zu is refused", i);
    tap_has(e.message, "schedule \"many\": rules must be a list of optimizers, as ids or objects, got ", "and the message says what is allowed");
  }
  object_free(&sampler);
  object_free(&rule);
}

int main(void)
{
  test_values();
  test_json();
  test_refusals();
  return tap_done();
}
