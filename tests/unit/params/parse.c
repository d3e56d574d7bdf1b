/* Values into objects: conversions, ranges, messages, ownership. */
#include "tests/unit/params/local_methods.h"

static bool accepted(struct named_value v)
{
  struct object o;
  struct err e = {0};
  bool ok = params_parse(&o, &outer, &v, 1, local_find, &e) == STATUS_OK;
  object_free(&o);
  return ok;
}

static void refused(struct named_value v, const char *message)
{
  struct object o;
  struct err e = {0};
  enum status s = params_parse(&o, &outer, &v, 1, local_find, &e);
  tap_is_str(s == STATUS_BAD_ARG ? e.message : "accepted", message,
             "%s: the message names method, parameter, range and value", v.name);
  object_free(&o);
}

static void test_defaults(void)
{
  struct object o;
  tap_ok(params_parse(&o, &outer, NULL, 0, local_find, NULL) == STATUS_OK, "no values give the defaults");
  const struct outer_conf *c = o.conf;
  tap_ok(c->peak == 0.1 && c->ratio == 0.5 && c->count == 3 && c->warm && c->shape == 1, "plain defaults are filled in");
  tap_ok(c->gap == 0.25, "resolve fills in an auto default from another parameter");
  tap_ok(c->steps == PARAM_AUTO_INT, "an auto integer that nobody resolves stays auto");
  tap_ok(c->file == NULL && c->rows == NULL, "strings and tables without a default are absent");
  tap_ok(c->hidden.n == 2 && c->hidden.v[1] == 256, "a list default is read from its text");
  tap_ok(c->rule.method == &inner && ((struct inner_conf *)c->rule.conf)->rate == 0.5,
         "a method default is found and has its own defaults");
  object_free(&o);
  object_free(&o);
  tap_ok(o.conf == NULL, "freeing twice is harmless");
  tap_ok(params_parse(&o, &bare, NULL, 0, NULL, NULL) == STATUS_OK, "a method without parameters has an object, too");
  object_free(&o);
}

static void test_conversions(void)
{
  double two[] = {64, 32};
  struct named_value v[] = {integer("peak", 1),
                            real("count", -7.0),
                            string("hidden", "[64, 32]"),
                            string("shape", "constant"),
                            {"file", {.kind = VALUE_NIL}},
                            string("gap", "auto"),
                            list("rows", 2, two),
                            integer("peak", 2)};
  struct object o;
  struct err e = {0};
  tap_ok(params_parse(&o, &outer, v, sizeof v / sizeof *v, local_find, &e) == STATUS_OK,
         "values convert where nothing is lost %s", e.message);
  const struct outer_conf *c = o.conf;
  tap_ok(c->peak == 2, "an integer passes for a real, and of equal names the last counts");
  tap_ok(c->count == -7, "a whole real passes for an integer");
  tap_ok(c->hidden.n == 2 && c->hidden.v[0] == 64 && c->hidden.v[1] == 32, "a text passes for a list");
  tap_ok(c->shape == 2, "a choice is given by its word");
  tap_ok(c->file == NULL, "nil counts as not given");
  tap_ok(c->rows && c->rows->rows == 2 && c->rows->cols == 1 && c->rows->v[1] == 32, "a list is a table of one column");
  object_free(&o);
  tap_ok(accepted(integer("hidden", 10)), "one number passes for a list");
  tap_ok(accepted(string("hidden", "")), "an empty text is an empty list");
  tap_ok(accepted(integer("count", INT64_MAX)), "the largest integer is kept");
}

static void test_ranges(void)
{
  tap_ok(!accepted(real("peak", 0)) && accepted(real("peak", 1e-300)), "an open minimum is excluded");
  tap_ok(accepted(real("ratio", 0)) && !accepted(real("ratio", nextafter(0, -1))), "a closed minimum is included");
  tap_ok(!accepted(real("ratio", 1)) && accepted(real("ratio", nextafter(0.9, 0))), "an open maximum is excluded");
  tap_ok(accepted(real("gap", 1)) && !accepted(real("gap", nextafter(1, 2))), "a closed maximum is included");
  tap_ok(!accepted(real("peak", INFINITY)) && !accepted(real("peak", NAN)) && !accepted(real("count", NAN)),
         "nan and infinity are no values");
  tap_ok(!accepted(real("count", 2.5)) && !accepted(real("count", 0x1p63)),
         "a fraction or a number beyond 63 bits is no integer");
  tap_ok(!accepted(integer("count", INT64_MIN)), "the number that stands for auto cannot be given");
  tap_ok(!accepted(string("count", "auto")) && accepted(string("steps", "auto")),
         "auto is a value only where the row says so");
  tap_ok(!accepted(boolean("peak", true)) && !accepted(integer("warm", 1)),
         "truth values are no numbers and numbers no truth values");
}

static void test_messages(void)
{
  double bad[] = {1, 0}, nan_table[] = {1, 2, NAN, 4};
  struct object sampler;
  if (params_parse(&sampler, &bare, NULL, 0, NULL, NULL) != STATUS_OK)
    tap_bail("the bare method has no object");
  refused(string("peak", "x"), "schedule \"outer\": peak must be a number > 0, got \"x\"");
  refused(real("peak", NAN), "schedule \"outer\": peak must be a number > 0, got nan");
  refused(real("ratio", 1), "schedule \"outer\": ratio must be a number in [0, 1), got 1");
  refused(integer("steps", 0), "schedule \"outer\": steps must be a whole number in [1, 1e12] or \"auto\", got 0");
  refused(real("count", 0.5), "schedule \"outer\": count must be a whole number, got 0.5");
  refused(string("warm", "yes"), "schedule \"outer\": warm must be true or false, got \"yes\"");
  refused(string("shape", "liner"), "schedule \"outer\": shape must be one of \"linear\", \"cosine\", \"constant\", "
                                    "got \"liner\"; did you mean \"linear\"?");
  refused(string("shape", "zzz"),
          "schedule \"outer\": shape must be one of \"linear\", \"cosine\", \"constant\", got \"zzz\"");
  refused(integer("file", 3), "schedule \"outer\": file must be a string, got 3");
  refused(list("hidden", 2, bad),
          "schedule \"outer\": hidden must be a list of numbers in [1, 1e6], got 0 at position 2");
  refused(string("hidden", "1,,2"), "schedule \"outer\": hidden must be a list of numbers in [1, 1e6], got \"1,,2\"");
  refused(table("rows", 2, 2, nan_table),
          "schedule \"outer\": rows must be a table of rows of numbers, got nan in row 2, column 1");
  refused(string("rule", "outer"), "schedule \"outer\": rule must be an optimizer, as an id or an object, got \"outer\"");
  refused(object("rule", &sampler),
          "schedule \"outer\": rule must be an optimizer, as an id or an object, got sampler \"bare\"");
  refused(string("pek", "x"), "schedule \"outer\" has no parameter \"pek\"; did you mean \"peak\"?");
  refused(real("ratio", 0.95), "schedule \"outer\": ratio above 0.9 needs warm = false");
  refused(string("file", "a\xff"), "schedule \"outer\": file must be valid UTF-8 text (2 bytes were given)");
  object_free(&sampler);
}

static void test_names(void)
{
  struct object o;
  struct err e = {0};
  struct named_value v = real("zzzzzz", 1);
  tap_ok(params_parse(&o, &inner, &v, 1, NULL, &e) == STATUS_BAD_ARG, "a name that nothing resembles is refused");
  tap_is_str(e.message, "optimizer \"inner\" has no parameter \"zzzzzz\"; it takes rate",
             "and the message lists what there is");
  tap_ok(params_parse(&o, &bare, &v, 1, NULL, &e) == STATUS_BAD_ARG, "a method without parameters refuses any");
  tap_is_str(e.message, "sampler \"bare\" has no parameter \"zzzzzz\"; it takes none", "and says so");
  tap_ok(params_parse(&o, &strict, NULL, 0, NULL, &e) == STATUS_BAD_ARG && !o.conf,
         "a missing required parameter is refused");
  tap_is_str(e.message, "data \"strict\": path is required: a string (the file to read)", "and the message explains it");
}

static void test_hostile(void)
{
  struct object o;
  struct err e = {0};
  char *huge = malloc(100001);
  memset(huge, 'a', 100000);
  huge[100000] = '\0';
  struct named_value name = real(huge, 1), value = string("peak", huge), control = string("peak", "\x1b[2J\n");
  tap_ok(params_parse(&o, &outer, &name, 1, local_find, &e) == STATUS_BAD_ARG && strlen(e.message) < 400,
         "a name of 100,000 letters is shortened in the message");
  tap_ok(params_parse(&o, &outer, &value, 1, local_find, &e) == STATUS_BAD_ARG && strlen(e.message) < 400,
         "so is a value");
  tap_ok(params_parse(&o, &outer, &control, 1, local_find, &e) == STATUS_BAD_ARG && !strchr(e.message, '\x1b') &&
             !strchr(e.message, '\n'),
         "control characters never reach a message");
  static const char *const bad[] = {
      "\x80", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xe2\x82"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    tap_ok(!accepted(string("file", bad[i])), "malformed UTF-8 number %zu is refused", i + 1);
  tap_ok(accepted(string("file", "größe → 😀")), "well-formed UTF-8 of every length is accepted");
  struct named_value wide = table("rows", SIZE_MAX / 2, 4, NULL);
  tap_ok(params_parse(&o, &outer, &wide, 1, local_find, &e) == STATUS_NO_MEMORY,
         "a table larger than memory is refused before it is read");
  free(huge);
}

static void test_copy(void)
{
  struct object o, copy;
  double cells[] = {1, 2, 3, 4, 5, 6}, sizes[] = {8};
  struct object rule;
  struct named_value rate = real("rate", 0.25);
  if (params_parse(&rule, &inner, &rate, 1, NULL, NULL) != STATUS_OK)
    tap_bail("the inner method has no object");
  struct named_value v[] = {string("file", "f.csv"), list("hidden", 1, sizes), table("rows", 2, 3, cells),
                            object("rule", &rule)};
  if (params_parse(&o, &outer, v, 4, local_find, NULL) != STATUS_OK)
    tap_bail("the outer method has no object");
  object_free(&rule);
  cells[5] = 0, sizes[0] = 0;
  tap_ok(object_copy(&copy, &o, NULL) == STATUS_OK, "an object can be copied");
  char *before = object_json(&o);
  object_free(&o);
  char *after = object_json(&copy);
  tap_is_str(after, before, "the copy outlives the original");
  const struct outer_conf *c = copy.conf;
  tap_ok(c->rows->v[5] == 6 && c->hidden.v[0] == 8 && ((struct inner_conf *)c->rule.conf)->rate == 0.25,
         "what was given is copied, not borrowed");
  object_free(&copy);
  free(before);
  free(after);
}

int main(void)
{
  test_defaults();
  test_conversions();
  test_ranges();
  test_messages();
  test_names();
  test_hostile();
  test_copy();
  return tap_done();
}
