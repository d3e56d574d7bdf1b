/* query_saved.c: queries that are kept under a name, those of init.lua, earlier ones, and some to begin with. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/query_int.h"
#include "experiments/kernel/mem.h"

#define SAVED_KEY "query.saved."

static const struct { const char *name, *sql; } prepared[] = {
  {"best runs of each experiment", "SELECT experiment, count(*) AS n, min(value) AS best_val_error FROM results WHERE key = 'val_error' GROUP BY experiment"},
  {"runs that failed, and why", "SELECT id, experiment, status, error FROM runs WHERE status <> 'done' ORDER BY id DESC"},
  {"slowest runs", "SELECT id, experiment, wall_s, peak_memory_b / 1e6 AS peak_mb FROM runs ORDER BY wall_s DESC LIMIT 50"},
  {"points per metric", "SELECT k.name, count(*) AS points FROM metric m JOIN metric_key k ON k.id = m.key_id GROUP BY k.name"},
  {"verdicts on published claims", "SELECT paper, verdict, effect, low, high, created_at FROM verdict ORDER BY created_at DESC"},
  {"tables and views", "SELECT type, name, sql FROM sqlite_master WHERE type IN ('table', 'view')"},
};

enum { PREPARED = sizeof prepared / sizeof *prepared, EARLIER = 20 };

static void accept_choice(void *self, size_t index)
{
  struct query *v = self;
  query_start(v, v->choices.name[index]);
}

/* "saved", "earlier": where a query of the menu comes from stands before its text. */
static void add_choice(struct query *v, struct names *item, struct names *note, const char *name, const char *from, const char *sql)
{
  char *text = xasprintf("%s%s%s", from, *from ? "  " : "", sql);
  names_add(item, name);
  names_add(note, text);
  names_add(&v->choices, sql);
  free(text);
}

static void collect_choices(struct query *v, struct names *item, struct names *note)
{
  const struct names *names, *texts;
  struct names saved = {0}, earlier = {0};
  size_t own = ui_queries(v->ui, &names, &texts);
  names_free(&v->choices);
  ui_recall_all(v->ui, SAVED_KEY, &saved);
  ui_ask_history(v->ui, "sql", EARLIER, &earlier);
  for (size_t i = 0; i < own; i++)
    add_choice(v, item, note, names->name[i], "init.lua", texts->name[i]);
  for (size_t i = 0; i < saved.n; i++) {
    char *key = xasprintf(SAVED_KEY "%s", saved.name[i]);
    add_choice(v, item, note, saved.name[i], "saved", ui_recall(v->ui, key));
    free(key);
  }
  for (size_t i = 0; i < PREPARED; i++)
    add_choice(v, item, note, prepared[i].name, "", prepared[i].sql);
  for (size_t i = 0; i < earlier.n; i++)
    add_choice(v, item, note, earlier.name[i], "earlier", "");
  for (size_t i = 0; i < earlier.n; i++) { /* their text is their name */
    size_t at = v->choices.n - earlier.n + i;
    free(v->choices.name[at]);
    v->choices.name[at] = xstrdup(earlier.name[i]);
  }
  names_free(&saved);
  names_free(&earlier);
}

void query_choose(struct query *v)
{
  struct names item = {0}, note = {0};
  collect_choices(v, &item, &note);
  ui_menu(v->ui, &(struct ui_menu){.title = "queries: your own, to begin with, earlier ones", .item = (const char *const *)item.name,
                                   .note = (const char *const *)note.name, .n = item.n, .self = v, .accept = accept_choice});
  names_free(&item);
  names_free(&note);
}

static void accept_name(void *self, const char *text)
{
  struct query *v = self;
  bool away = *text == '-';
  const char *name = text + away;
  char *key = xasprintf(SAVED_KEY "%s", name);
  if (strpbrk(name, "\t\n"))
    ui_complain(v->ui, "a name is one line");
  else if (*name && away && !(ui_recall(v->ui, key) && *ui_recall(v->ui, key)))
    ui_complain(v->ui, "no query is saved as '%s'", name);
  else if (*name) {
    ui_remember(v->ui, key, away ? "" : v->sql);
    ui_say(v->ui, away ? "'%s' is forgotten" : "saved as '%s': F offers it", name);
  }
  free(key);
}

static char *saved_names(void *self, const char *text, size_t cursor)
{
  struct query *v = self;
  struct names saved = {0};
  size_t from = *text == '-', size;
  char *out;
  FILE *f = xstream_open(&out, &size);
  ui_recall_all(v->ui, SAVED_KEY, &saved);
  for (size_t i = 0; i < saved.n && cursor >= from; i++)
    if (strncmp(saved.name[i], text + from, cursor - from) == 0)
      fprintf(f, "%s%s", ftell(f) > 0 ? "\n" : "", saved.name[i]);
  xstream_close(f);
  names_free(&saved);
  return out;
}

void query_save(struct query *v)
{
  if (!v->sql)
    ui_say(v->ui, "ask something first: / types a query");
  else
    ui_ask(v->ui, &(struct ui_question){.label = "save this query as (-NAME forgets one):", .history = "query name", .self = v, .accept = accept_name,
                                        .candidates = saved_names});
}
