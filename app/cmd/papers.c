/* papers.c: `assay papers`: published claims, and what came out when they were put to the test. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/papers.h"
#include "app/reading.h"
#include "app/signals.h"
#include "app/verdict.h"
#include "experiments/kernel/mem.h"
#include "experiments/params.h"

static const struct option_row options[] = {
  {.name = "run", .doc = "run the scripts and record their verdicts"},
  {.name = "set", .letter = 's', .arg = "K=V", .repeat = true, .doc = "with --run: a parameter of the script"},
  {.name = "jobs", .letter = 'j', .arg = "N", .doc = "with --run: worker processes (default: the cores this process may use)"},
  {.name = "rerun", .doc = "with --run: do runs again that are finished already"},
  {.name = "quiet", .letter = 'q', .doc = "with --run: no progress and no messages"},
  {.name = "json", .doc = "the papers with all that is known as a JSON list (with --run: instead of the reports)"},
  {.name = "ids", .doc = "print the ids alone, one a line"},
  {0},
};

/* --- verdicts --------------------------------------------------------------------------------- */

/* What the store knows of a paper. The verdict that speaks for it: from the script as it is and the parameters'
 * defaults before others, then the latest. */
struct known {
  json_t *detail;             /* NULL: there is none */
  char *word, *effect, *when; /* of that verdict; when: "2026-01-31 12:00", UTC */
  char *settings;             /* "pairs=1" where the parameters were not the defaults, else "" */
  bool outdated;
};

static const char verdicts_sql[] =
  "SELECT v.verdict, v.effect, v.low, v.high, v.detail, v.created_at, e.script_hash, e.params FROM verdict v"
  " LEFT JOIN experiment e ON e.id = v.experiment_id WHERE v.paper = ?1"
  " ORDER BY (e.script_hash IS ?2) DESC, (e.params IS ?3) DESC, v.id DESC";
enum { V_WORD, V_EFFECT, V_LOW, V_HIGH, V_DETAIL, V_WHEN, V_HASH, V_PARAMS };

/* Of a store from elsewhere a column or a key may be anything. */
static const char *text_of(struct store_cell c) { return c.type == STORE_TEXT ? c.text : ""; }

static const char *string_of(const json_t *o, const char *key)
{
  const char *s = json_string_value(json_object_get(o, key));
  return s ? s : "";
}

static char *value_text(const json_t *v)
{
  char *text = json_is_string(v) ? xstrdup(json_string_value(v)) : json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(6));
  return text ? text : xstrdup("?");
}

/* The parameters that differ from the defaults: "lr=0.1 seeds=2". Without defaults (no script) there is nothing to say. */
static char *settings_text(const char *params, const char *defaults)
{
  json_t *given = json_loads(params, 0, NULL), *usual = defaults ? json_loads(defaults, 0, NULL) : NULL;
  char *out = xstrdup("");
  for (void *i = usual ? json_object_iter(given) : NULL; i; i = json_object_iter_next(given, i)) {
    if (json_equal(json_object_iter_value(i), json_object_get(usual, json_object_iter_key(i))))
      continue;
    char *value = value_text(json_object_iter_value(i));
    char *more = xasprintf("%s%s%s=%s", out, *out ? " " : "", json_object_iter_key(i), value);
    free(out);
    free(value);
    out = more;
  }
  json_decref(given);
  json_decref(usual);
  return out;
}

static struct store_query *ask_verdicts(struct app *app, struct store *s, const struct paper *p)
{
  struct store_query *q = s ? reading_query(app, s, verdicts_sql) : NULL;
  if (q) {
    store_query_bind_text(q, 1, p->id);
    store_query_bind_text(q, 2, p->hash);
    store_query_bind_text(q, 3, p->params ? p->params : "");
  }
  return q;
}

static void read_known(struct known *k, const struct paper *p, const struct store_query *q)
{
  const char *when = text_of(store_query_cell(q, V_WHEN));
  k->detail = json_loads(text_of(store_query_cell(q, V_DETAIL)), 0, NULL);
  k->word = xstrdup(text_of(store_query_cell(q, V_WORD)));
  k->effect = verdict_effect(store_query_cell(q, V_EFFECT), store_query_cell(q, V_LOW), store_query_cell(q, V_HIGH));
  k->when = strlen(when) < 16 ? xstrdup(when) : xasprintf("%.10s %.5s", when, when + 11);
  k->settings = settings_text(text_of(store_query_cell(q, V_PARAMS)), p->params);
  k->outdated = p->params && strcmp(text_of(store_query_cell(q, V_HASH)), p->hash) != 0;
}

/* EXIT_DONE, or a message was printed; *k is empty when there is no verdict. */
static int know(struct app *app, struct store *s, const struct paper *p, struct known *k)
{
  int code;
  *k = (struct known){0};
  if (!s)
    return EXIT_DONE;
  struct store_query *q = ask_verdicts(app, s, p);
  if (!q)
    return reading_failed(app, s);
  if (reading_next(q, &code))
    read_known(k, p, q);
  store_query_close(q);
  return code ? reading_failed(app, s) : EXIT_DONE;
}

static void known_free(struct known *k)
{
  json_decref(k->detail);
  free(k->word);
  free(k->effect);
  free(k->when);
  free(k->settings);
}

static char *remark(const struct paper *p, const struct known *k)
{
  if (p->problem)
    return xasprintf("script: %s", p->problem);
  if (!p->path)
    return xstrdup("no script here");
  if (!k->word)
    return xstrdup("");
  return xasprintf("%s%s%s", k->outdated ? "outdated" : "", k->outdated && *k->settings ? ", " : "", k->settings);
}

/* --- the list --------------------------------------------------------------------------------- */

static json_t *claim_of(const struct paper *p, const struct known *k)
{
  return p->claim ? json_loads(p->claim, 0, NULL) : json_incref(json_object_get(k->detail, "claim"));
}

static void list_row(struct table *t, const struct paper *p, const struct known *k)
{
  json_t *claim = claim_of(p, k);
  char *note = remark(p, k), *day = k->when ? xasprintf("%.10s", k->when) : xstrdup("-");
  const struct store_cell cells[] = {
    cell_text(p->id), cell_text(k->word ? k->word : "-"), cell_text(k->effect ? k->effect : "-"), cell_text(day),
    cell_text(note), cell_text(string_of(claim, "statement"))};
  table_row(t, cells);
  free(note);
  free(day);
  json_decref(claim);
}

static int print_list(struct app *app, struct store *s, const struct papers *list)
{
  static const char *const names[] = {"paper", "verdict", "effect", "on", "remark", "claim"};
  struct table *t = table_new(TABLE_HUMAN, sizeof names / sizeof *names, names, app->tty_out ? app->width : 0);
  int code = EXIT_DONE;
  for (size_t i = 0; !code && i < list->n; i++) {
    struct known k;
    if (!(code = know(app, s, &list->item[i], &k)))
      list_row(t, &list->item[i], &k);
    known_free(&k);
  }
  table_end(t);
  return code;
}

/* --- one in full ------------------------------------------------------------------------------ */

static void print_claim(const struct app *app, const struct paper *p, const json_t *claim)
{
  static const char *const keys[] = {"title", "authors", "published"};
  char *line = p->problem && p->path ? xasprintf("%s: %s", p->path, p->problem) : xstrdup(p->path ? p->path : "no script here");
  verdict_wrap(p->id, (int)text_width(p->id) + 2, line, app->width);
  free(line);
  for (size_t i = 0; claim && i < sizeof keys / sizeof *keys; i++) {
    const char *text = string_of(claim, keys[i]);
    line = i == 1 ? xasprintf("%s, %lld", text, (long long)json_integer_value(json_object_get(claim, "year"))) : xstrdup(text);
    verdict_wrap("", 2, line, app->width);
    free(line);
  }
  if (claim) {
    line = xasprintf("Claim (%s): %s", string_of(claim, "kind"), string_of(claim, "statement"));
    verdict_wrap("", 2, line, app->width);
    free(line);
  }
}

static void print_known(const struct app *app, const struct paper *p, const struct known *k)
{
  long long runs = (long long)json_integer_value(json_object_get(k->detail, "runs"));
  char *line = !k->word ? xasprintf("No verdict yet: assay papers %s --run", p->id)
                        : xasprintf("Verdict of %s UTC, from %lld runs%s%s%s", k->when, runs, *k->settings ? ", with " : "", k->settings,
                                    k->outdated ? "; outdated: the script has changed since" : "");
  putchar('\n');
  verdict_wrap("", 0, line, app->width);
  free(line);
  char *json = json_dumps(k->detail, 0);
  if (json)
    verdict_print(app, json);
  free(json);
}

/* All verdicts, when there are several. */
static int print_history(struct app *app, struct store *s, const struct paper *p)
{
  static const char *const names[] = {"at", "verdict", "effect", "script", "settings"};
  struct store_query *q = ask_verdicts(app, s, p);
  struct table *t = NULL;
  int code;
  if (!q)
    return reading_failed(app, s);
  for (size_t n = 0; reading_next(q, &code); n++) {
    if (n == 1) {
      puts("\nEarlier or under other settings");
      t = table_new(TABLE_HUMAN, sizeof names / sizeof *names, names, app->tty_out ? app->width : 0);
    } else if (n == 0) {
      continue;
    }
    struct known k = {0};
    read_known(&k, p, q);
    char *script = xasprintf("%.8s", text_of(store_query_cell(q, V_HASH)));
    const struct store_cell cells[] = {cell_text(k.when), cell_text(k.word), cell_text(k.effect), cell_text(script), cell_text(k.settings)};
    table_row(t, cells);
    free(script);
    known_free(&k);
  }
  if (t)
    table_end(t);
  store_query_close(q);
  return code ? reading_failed(app, s) : EXIT_DONE;
}

static int print_full(struct app *app, struct store *s, const struct papers *list)
{
  int code = EXIT_DONE;
  for (size_t i = 0; !code && i < list->n; i++) {
    struct known k;
    const struct paper *p = &list->item[i];
    if (i)
      putchar('\n');
    if (!(code = know(app, s, p, &k))) {
      json_t *claim = claim_of(p, &k);
      print_claim(app, p, claim);
      print_known(app, p, &k);
      json_decref(claim);
      if (s)
        code = print_history(app, s, p);
    }
    known_free(&k);
  }
  return code;
}

/* --- JSON ------------------------------------------------------------------------------------- */

static json_t *text_or_null(const char *s) { return s ? json_string(s) : json_null(); }

static json_t *paper_json(const struct paper *p, const struct known *k)
{
  json_t *claim = claim_of(p, k), *o = json_is_object(claim) ? json_deep_copy(claim) : json_object();
  json_decref(claim);
  json_object_set_new(o, "id", json_string(p->id));
  json_object_set_new(o, "path", text_or_null(p->path));
  json_object_set_new(o, "problem", text_or_null(p->problem));
  json_object_set_new(o, "outdated", k->word ? json_boolean(k->outdated) : json_null());
  json_object_set_new(o, "created_at", text_or_null(k->when));
  json_object_set_new(o, "settings", text_or_null(k->settings));
  json_t *verdict = k->detail ? json_deep_copy(k->detail) : json_null();
  json_object_del(verdict, "claim");
  json_object_set_new(o, "verdict", verdict);
  return o;
}

static int print_json(struct app *app, struct store *s, const struct papers *list)
{
  json_t *all = json_array();
  int code = EXIT_DONE;
  for (size_t i = 0; !code && i < list->n; i++) {
    struct known k;
    if (!(code = know(app, s, &list->item[i], &k)))
      json_array_append_new(all, paper_json(&list->item[i], &k));
    known_free(&k);
  }
  char *text = code ? NULL : json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS);
  char *safe = text && app->tty_out ? text_safe(text, false) : NULL;
  if (text)
    puts(safe ? safe : text);
  free(safe);
  free(text);
  json_decref(all);
  return code;
}

/* --- running ---------------------------------------------------------------------------------- */

/* The gravest of the exit codes so far: a script that is in trouble does not keep the others from their run. */
static int worse(int a, int b)
{
  if (a >= EXIT_INTERRUPTED || b >= EXIT_INTERRUPTED)
    return a > b ? a : b;
  return a == EXIT_USAGE || b == EXIT_USAGE ? EXIT_USAGE : a > b ? a : b;
}

static int run_papers(struct app *app, const struct arguments *a, const struct papers *list)
{
  const char *sets[256];
  long jobs;
  int code = EXIT_DONE;
  if (!arg_integer(a, "jobs", 1, 1024, app_default_jobs(), &jobs))
    return EXIT_USAGE;
  for (size_t i = 0; i < list->n && code < EXIT_INTERRUPTED; i++) {
    const struct run_options o = {
      .path = list->item[i].path, .sets = sets, .n_sets = arg_values(a, "set", sets, sizeof sets / sizeof *sets),
      .jobs = (int)jobs, .rerun = arg_flag(a, "rerun"), .quiet = arg_flag(a, "quiet"), .no_report = arg_flag(a, "json")};
    if (!o.no_report && list->n > 1)
      printf("%s== %s ==\n", i ? "\n" : "", list->item[i].id);
    fflush(stdout);
    code = worse(code, run_experiment(app, &o));
  }
  return code;
}

/* --- the command ------------------------------------------------------------------------------ */

static bool is_path(const char *word)
{
  size_t n = strlen(word);
  return strchr(word, '/') || (n > 4 && strcmp(word + n - 4, ".lua") == 0);
}

static int unknown_paper(const struct papers *all, const char *word)
{
  const char **ids = xcalloc(all->n + 1, sizeof *ids), *near;
  for (size_t i = 0; i < all->n; i++)
    ids[i] = all->item[i].id;
  near = nearest_name(word, ids, all->n);
  app_complain("no paper '%s'%s%s; 'assay papers' lists them, and a script of your own is given by its path", word,
               near ? "; did you mean " : "", near ? near : "");
  free(ids);
  return EXIT_USAGE;
}

/* The papers that are named, in that order; all of them when none is. */
static int choose(struct app *app, const struct arguments *a, struct papers *out)
{
  struct papers all = {0};
  int code = EXIT_DONE;
  papers_find(app, &all);
  for (size_t i = 0; !code && i < a->n_words; i++) {
    size_t at = 0;
    while (at < all.n && strcmp(all.item[at].id, a->word[i]) != 0)
      at++;
    if (is_path(a->word[i]))
      papers_add(out, a->word[i], a->word[i]);
    else if (at < all.n)
      papers_add(out, all.item[at].id, all.item[at].path);
    else
      code = unknown_paper(&all, a->word[i]);
  }
  if (a->n_words == 0) {
    *out = all;
    return EXIT_DONE;
  }
  papers_free(&all);
  return code;
}

/* Papers of which the store has verdicts but nobody a script. */
static int add_without_script(struct app *app, struct store *s, struct papers *list)
{
  struct store_query *q = reading_query(app, s, "SELECT DISTINCT paper FROM verdict ORDER BY paper");
  size_t n = list->n;
  int code;
  if (!q)
    return reading_failed(app, s);
  while (reading_next(q, &code)) {
    const char *id = text_of(store_query_cell(q, 0));
    size_t at = 0;
    while (at < n && strcmp(list->item[at].id, id) != 0)
      at++;
    if (at == n)
      papers_add(list, id, NULL);
  }
  store_query_close(q);
  return code ? reading_failed(app, s) : EXIT_DONE;
}

/* Without a store there are no verdicts yet; a store that cannot be read is an error. */
static bool open_store(struct app *app, struct store **s)
{
  char message[1024] = "";
  int code = store_open(s, app->db, STORE_READ, message, sizeof message);
  if (code != STORE_OK)
    *s = NULL;
  if (code != STORE_OK && code != STORE_ABSENT)
    app_complain("%s", message);
  return code == STORE_OK || code == STORE_ABSENT;
}

static int print(struct app *app, const struct arguments *a, struct papers *list)
{
  struct store *s;
  if (!open_store(app, &s))
    return EXIT_USAGE;
  for (size_t i = 0; i < list->n && !app->cancel; i++)
    paper_load(app, &list->item[i]);
  int code = app->cancel ? signals_exit_code() : EXIT_DONE;
  if (!code && s && a->n_words == 0)
    code = add_without_script(app, s, list);
  if (!code)
    code = arg_flag(a, "json") ? print_json(app, s, list) : a->n_words ? print_full(app, s, list) : print_list(app, s, list);
  for (size_t i = 0; !code && i < list->n; i++) /* a script that was asked for by name must be one */
    if (a->n_words && list->item[i].problem)
      code = EXIT_USAGE;
  if (s)
    store_close(s);
  return code;
}

static int act(struct app *app, const struct arguments *a, struct papers *list)
{
  int code = EXIT_DONE;
  if (arg_flag(a, "ids")) {
    for (size_t i = 0; i < list->n; i++)
      puts(list->item[i].id);
    return EXIT_DONE;
  }
  if (arg_flag(a, "run"))
    code = run_papers(app, a, list);
  if (code < EXIT_INTERRUPTED && (!arg_flag(a, "run") || arg_flag(a, "json")))
    code = worse(code, print(app, a, list));
  return code;
}

static int run(struct app *app, const struct arguments *a)
{
  static const char *const only[] = {"set", "jobs", "rerun", "quiet"};
  struct papers list = {0};
  for (size_t i = 0; i < sizeof only / sizeof *only; i++)
    if (!arg_flag(a, "run") && arg_flag(a, only[i]))
      return app_usage(a->command, "--%s belongs to --run", only[i]);
  signals_install(&app->cancel);
  int code = choose(app, a, &list);
  if (!code)
    code = act(app, a, &list);
  papers_free(&list);
  return code;
}

const struct command command_papers = {
  .name = "papers",
  .summary = "published claims, and what came out when they were put to the test",
  .usage = "[ID…] [--run [--set K=V]… [--jobs N] [--rerun] [--quiet]] [--json | --ids]",
  .help = "Examples:\n"
          "  assay papers                                         all claims with their verdicts\n"
          "  assay papers wina                                    one in full\n"
          "  assay papers wina --run --jobs 4                     put it to the test and record the verdict\n"
          "  assay papers my-claim.lua --run --set seeds=20       a script of your own\n"
          "\n"
          "A paper is a script in ./experiments/papers or in the installed folder: an experiment with a claim\n"
          "and a function that turns its runs into an effect with an interval (assay.claims in the prompt's\n"
          "help). The verdict follows: 'holds' where the whole interval lies where the claim says, 'fails'\n"
          "where none of it does, else 'inconclusive'. 'outdated' marks the verdict of an older script; the\n"
          "remark names parameters that were not the defaults. Listing loads the scripts and runs nothing.\n"
          "\n"
          "Exit codes: 0 done (a claim that fails is a result), 1 a run failed, 2 usage or trouble.\n",
  .options = options,
  .words = "paper",
  .run = run,
};
