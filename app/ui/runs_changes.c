/* runs_changes.c: tags, notes and the trash for the marked runs or the selected row, and the undoing of each. A change is made
 * aside, on a store opened for writing; it comes back with what it takes to undo it: the runs that it really changed, and the
 * notes that stood there before. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/reading.h"
#include "app/ui/runs_int.h"
#include "experiments/kernel/mem.h"

enum { MOST_UNDO = 50 };

enum change { CHANGE_TAG, CHANGE_UNTAG, CHANGE_NOTE, CHANGE_TRASH, CHANGE_RESTORE };

/* What is to be done to which runs. */
struct deed {
  enum change change;
  int64_t *run;   /* sorted */
  size_t n;
  char *text;     /* the tag, or the note for all */
  char **note;    /* or a note for each run (NULL: none); NULL otherwise */
};

struct changes {
  struct runs *view;
  struct deed undo[MOST_UNDO]; /* the last is undone first */
  size_t n_undo;
  struct changing *job;        /* one after the other */
};

struct changing {
  struct aside_job job; /* first */
  struct changes *changes;
  struct deed deed, inverse;
  bool undoing;
};

static void free_deed(struct deed *d)
{
  for (size_t i = 0; d->note && i < d->n; i++)
    free(d->note[i]);
  free(d->note);
  free(d->run);
  free(d->text);
  *d = (struct deed){0};
}

/* --- aside --------------------------------------------------------------------------------------------------------- */

/* Keep of the deed's runs those that the query (run ids in order, of ?1) gives, or the others. */
static bool narrow(struct deed *d, struct app *app, struct store *s, bool given)
{
  struct store_query *q = reading_query(app, s, "SELECT run_id FROM tag WHERE tag = ?1 ORDER BY run_id");
  size_t kept = 0, at = 0;
  int code;
  if (!q)
    return false;
  store_query_bind_text(q, 1, d->text);
  while (reading_next(q, &code)) {
    int64_t id = store_query_cell(q, 0).i;
    for (; at < d->n && d->run[at] < id; at++)
      if (!given)
        d->run[kept++] = d->run[at];
    if (at < d->n && d->run[at] == id && given)
      d->run[kept++] = id;
    at += at < d->n && d->run[at] == id;
  }
  for (; at < d->n && !given; at++)
    d->run[kept++] = d->run[at];
  d->n = kept;
  store_query_close(q);
  return code == STORE_OK;
}

/* The notes that the runs have now. */
static char **read_notes(const struct deed *d, struct app *app, struct store *s)
{
  struct store_query *q = reading_query(app, s, "SELECT id, note FROM run WHERE note IS NOT NULL ORDER BY id");
  char **note = xcalloc(d->n + 1, sizeof *note);
  size_t at = 0;
  int code;
  while (q && reading_next(q, &code)) {
    int64_t id = store_query_cell(q, 0).i;
    while (at < d->n && d->run[at] < id)
      at++;
    if (at < d->n && d->run[at] == id)
      note[at] = xstrdup(store_query_cell(q, 1).text);
  }
  if (q)
    store_query_close(q);
  return note;
}

static int apply(const struct deed *d, struct store *s)
{
  int code = STORE_OK;
  if (d->change == CHANGE_TRASH || d->change == CHANGE_RESTORE)
    return store_trash(s, d->run, d->n, d->change == CHANGE_TRASH);
  for (size_t i = 0; code == STORE_OK && i < d->n; i++)
    code = d->change == CHANGE_NOTE ? store_note(s, d->run[i], d->note ? d->note[i] : d->text) : store_tag(s, d->run[i], d->text, d->change == CHANGE_TAG);
  return code;
}

static struct deed copy_deed(const struct deed *d)
{
  struct deed copy = {.change = d->change, .n = d->n, .run = xcalloc(d->n + 1, sizeof *copy.run), .text = xstrdup(d->text ? d->text : "")};
  if (d->n)
    memcpy(copy.run, d->run, d->n * sizeof *copy.run);
  return copy;
}

static void changing_work(struct aside_job *job, struct app *app, struct store *s)
{
  static const enum change back[] = {CHANGE_UNTAG, CHANGE_TAG, CHANGE_NOTE, CHANGE_RESTORE, CHANGE_TRASH};
  struct changing *c = (struct changing *)job;
  struct deed *d = &c->deed;
  if (!s)
    return;
  if ((d->change == CHANGE_TAG || d->change == CHANGE_UNTAG) && !narrow(d, app, s, d->change == CHANGE_UNTAG)) {
    aside_fail(job, "%s", store_message(s));
    return;
  }
  c->inverse = copy_deed(d);
  c->inverse.change = back[d->change];
  if (d->change == CHANGE_NOTE)
    c->inverse.note = read_notes(d, app, s);
  if (apply(d, s) != STORE_OK)
    aside_fail(job, "%s", store_message(s));
}

/* --- in the loop ---------------------------------------------------------------------------------------------------- */

static void push_undo(struct changes *c, struct deed *d)
{
  if (c->n_undo == MOST_UNDO) {
    free_deed(&c->undo[0]);
    memmove(c->undo, c->undo + 1, --c->n_undo * sizeof *c->undo);
  }
  c->undo[c->n_undo++] = *d;
  *d = (struct deed){0};
}

static void changing_done(struct aside_job *job)
{
  static const char *const done[] = {"tagged", "lost the tag", "noted", "in the trash (u brings them back)", "back from the trash"};
  static const char *const undone[] = {"tagged again", "lost the tag again", "have their notes back", "in the trash again", "back from the trash"};
  struct changing *k = (struct changing *)job;
  struct changes *c = k->changes;
  struct runs *v = c->view;
  c->job = NULL;
  if (k->inverse.n && !k->undoing) /* also after half of it */
    push_undo(c, &k->inverse);
  if (job->error) {
    ui_complain(v->ui, "%s", job->error);
    if (k->undoing)
      push_undo(c, &k->deed);
    return;
  }
  ui_say(v->ui, "%zu run%s %s", k->deed.n, k->deed.n == 1 ? "" : "s", (k->undoing ? undone : done)[k->deed.change]);
  if (k->deed.change == CHANGE_TRASH)
    ui_mark(v->ui, k->deed.run, k->deed.n, false);
  runs_reload(v);
}

static void changing_release(struct aside_job *job)
{
  struct changing *k = (struct changing *)job;
  free_deed(&k->deed);
  free_deed(&k->inverse);
  free(k);
}

static bool may_start(const struct changes *c)
{
  if (c->job)
    ui_say(c->view->ui, "the change before is still being written");
  return !c->job;
}

/* Takes what the deed owns. */
static void start(struct changes *c, struct deed d, bool undoing)
{
  struct changing *k = c->job = xcalloc(1, sizeof *k);
  *k = (struct changing){.job = {.work = changing_work, .done = changing_done, .release = changing_release, .write = true},
                         .changes = c, .deed = d, .undoing = undoing};
  aside_ask(ui_aside(c->view->ui), &k->job);
}

static int by_id(const void *a, const void *b)
{
  int64_t p = *(const int64_t *)a, q = *(const int64_t *)b;
  return (p > q) - (p < q);
}

/* The marked runs, or those of the selected row; sorted. */
static size_t chosen_runs(const struct runs *v, int64_t **out)
{
  const int64_t *marks;
  size_t n = ui_marked(v->ui, &marks);
  if (!n) {
    n = runs_of_row(v, v->list.at, out);
  } else {
    *out = xcalloc(n, sizeof **out);
    memcpy(*out, marks, n * sizeof **out);
  }
  if (n)
    qsort(*out, n, sizeof **out, by_id);
  return n;
}

static void change_chosen(struct changes *c, enum change what, const char *text)
{
  struct deed d = {.change = what};
  if (!may_start(c))
    return;
  d.text = xstrdup(text);
  d.n = chosen_runs(c->view, &d.run);
  start(c, d, false);
}

static void accept_tag(void *self, const char *text)
{
  bool away = *text == '-';
  if (text[away])
    change_chosen(self, away ? CHANGE_UNTAG : CHANGE_TAG, text + away);
}

static void accept_note(void *self, const char *text) { change_chosen(self, CHANGE_NOTE, text); }

static void accept_trash(void *self, const char *text)
{
  (void)text;
  change_chosen(self, CHANGE_TRASH, "");
}

/* Tags that are in use. */
static char *tag_candidates(void *self, const char *text, size_t cursor)
{
  const struct listing *l = &((struct changes *)self)->view->data.list;
  struct names seen = {0};
  size_t from = *text == '-', size;
  char *out;
  FILE *f = xstream_open(&out, &size);
  for (size_t i = 0; i < l->n_rows && seen.n < 100; i++)
    for (size_t k = 0; k < l->row[i].n_tags; k++) {
      const char *tag = l->row[i].tag[k].name;
      if (cursor < from || strncmp(tag, text + from, cursor - from) != 0 || names_has(&seen, tag) || strchr(tag, '\n'))
        continue;
      fprintf(f, "%s%s", seen.n ? "\n" : "", tag);
      names_add(&seen, tag);
    }
  xstream_close(f);
  names_free(&seen);
  return out;
}

/* The note that stands there, to be changed, where the selected row has one. */
static const char *note_now(const struct runs *v)
{
  const int64_t *marks;
  return ui_marked(v->ui, &marks) ? NULL : v->data.list.row[v->data.order[v->list.at]].note;
}

unsigned changes_ask(struct changes *c, enum request r)
{
  struct runs *v = c->view;
  int64_t *run;
  size_t n = chosen_runs(v, &run);
  char *runs = xasprintf("%zu run%s", n, n == 1 ? "" : "s"), *label;
  free(run);
  if (r == REQUEST_TRASH) {
    label = xasprintf("put %s into the trash? y/n", runs);
    ui_confirm(v->ui, label, c, accept_trash);
  } else if (r == REQUEST_TAG) {
    label = xasprintf("tag for %s (-NAME takes one away):", runs);
    ui_ask(v->ui, &(struct ui_question){.label = label, .history = "tag", .self = c, .accept = accept_tag, .candidates = tag_candidates});
  } else {
    label = xasprintf("note for %s:", runs);
    ui_ask(v->ui, &(struct ui_question){.label = label, .initial = note_now(v), .history = "note", .self = c, .accept = accept_note});
  }
  free(runs);
  free(label);
  return UI_HANDLED;
}

unsigned changes_undo(struct changes *c)
{
  if (!c->n_undo)
    ui_say(c->view->ui, "nothing to undo");
  else if (may_start(c))
    start(c, c->undo[--c->n_undo], true);
  return UI_HANDLED;
}

struct changes *changes_new(struct runs *v)
{
  struct changes *c = xcalloc(1, sizeof *c);
  c->view = v;
  return c;
}

void changes_free(struct changes *c)
{
  for (size_t i = 0; i < c->n_undo; i++)
    free_deed(&c->undo[i]);
  free(c);
}
