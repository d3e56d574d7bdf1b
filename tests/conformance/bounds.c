/* Every bound: its example gives a number whose kind of statement is never overstated; a smaller delta never
 * lowers it, more examples never raise it. */
#include "experiments/bounds/bound.h"
#include "lua/host.h"
#include "tests/conformance/walk.h"

static struct lua_host *host;

/* Runs code on `b`, the example, and `r`, its value. */
static void holds(const struct method *m, const char *code, const char *name)
{
  struct err e = {0};
  char *all = xasprintf("local b = %s\nlocal r, p = b:evaluate(), b:params()\n%s", m->example, code);
  if (!tap_ok(lua_host_eval(host, all, "=test", NULL, &e) == STATUS_OK, "%s: %s", m->id, name))
    tap_diag("%s", e.message);
  free(all);
}

static void check_descriptor(const struct method *m)
{
  const struct bound *b = (const struct bound *)(const void *)m;
  const char *unknown = NULL;
  for (const char *const *name = b->required; name && *name; name++)
    if (!params_find(m, *name))
      unknown = *name;
  tap_ok(!unknown, "%s: what it requires are its parameters%s%s", m->id, unknown ? ", but not " : "", unknown ? unknown : "");
  tap_ok(m->statement != STATEMENT_NONE && *statement_tag(m->statement), "%s: it says what kind of statement it makes", m->id);
  char *help = method_help(m, 78), *line = xasprintf("Kind of statement\n  %s: ", statement_tag(m->statement));
  tap_ok(m->formula && strstr(help, "Formula\n") && strstr(help, line) && strstr(help, "Source\n"),
         "%s: the help carries formula, kind of statement and source", m->id);
  free(help);
  free(line);
}

static void check_missing(const struct method *m)
{
  struct object o;
  struct bound_value v;
  struct err e = {0};
  if (base_object(&o, m, NULL, 0, &e) != STATUS_OK)
    tap_bail("%s: %s", m->id, e.message);
  if (!tap_ok(bound_evaluate(&o, NULL, NULL, &v, &e) == STATUS_BAD_ARG && strstr(e.message, " must be given"),
              "%s: without inputs it asks for them", m->id))
    tap_diag("%s", e.message);
  object_free(&o);
}

static void check(const struct method *m)
{
  check_descriptor(m);
  check_missing(m);
  holds(m, "assert(r.value == r.value and r.log10 == r.log10 and type(r.terms) == 'table')", "its example has a value");
  holds(m, "local a = b:evaluate() assert(a.value == r.value) for k, v in pairs(r.terms) do assert(a.terms[k] == v) end",
        "evaluated again, it is the same");
  holds(m, "assert(r.claim ~= '' and not r.claim:find('guarantee'))", "from typed numbers nothing is guaranteed");
  holds(m, "if p.delta then assert(b:evaluate{delta = p.delta / 10}.value >= r.value) end", "a smaller delta never lowers it");
  holds(m, "if math.type(p.n) then assert(b:evaluate{n = p.n * 10}.value <= r.value) end", "more examples never raise it");
}

int main(void)
{
  struct err e = {0};
  struct lua_host_config config = {.share_dir = source_dir(), .threads = 1};
  if (!config.share_dir) {
    tap_skip(1, "the source is not here: run from its folder or set ASSAY_SOURCE");
    return tap_done();
  }
  if (lua_host_new(&host, &config, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  size_t n = walk(KIND_BOUND, check);
  tap_ok(n > 0, "the registry holds bounds (%zu)", n);
  tap_ok(!statement_weakens(STATEMENT_C, STATEMENT_HP) && !statement_weakens(STATEMENT_E_EST, STATEMENT_E) &&
           !statement_weakens(STATEMENT_E, STATEMENT_HP_FIXED) && !statement_weakens(STATEMENT_HP_FIXED, STATEMENT_HP),
         "an evaluation cannot state more than its method");
  tap_ok(statement_weakens(STATEMENT_HP, STATEMENT_COND) && statement_weakens(STATEMENT_E, STATEMENT_E_EST) &&
           statement_weakens(STATEMENT_E, STATEMENT_C), "but less");
  lua_host_free(host);
  return tap_done();
}
