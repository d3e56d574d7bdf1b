/* listing_labels.c: what people have written about runs: tags and notes, gathered for the rows of a listing. */
#include <stdlib.h>
#include <string.h>

#include "app/listing_int.h"
#include "experiments/kernel/mem.h"

/* Is `part` one of the texts that " | " joins? */
static bool has_part(const char *text, const char *part)
{
  size_t n = strlen(part);
  for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
    if ((at == text || (at >= text + 3 && memcmp(at - 3, " | ", 3) == 0)) && (!at[n] || strncmp(at + n, " | ", 3) == 0))
      return true;
  return false;
}

void listing_add_note(struct listing_row *r, struct store_cell note)
{
  if (note.type != STORE_TEXT || !note.size || (r->note && has_part(r->note, note.text)))
    return;
  char *longer = r->note ? xasprintf("%s | %s", r->note, note.text) : xstrdup(note.text);
  free(r->note);
  r->note = longer;
}

static void add_tag(struct listing_row *r, const char *name)
{
  for (size_t i = 0; i < r->n_tags; i++)
    if (strcmp(r->tag[i].name, name) == 0) {
      r->tag[i].n++;
      return;
    }
  r->tag = xrealloc(r->tag, (r->n_tags + 1) * sizeof *r->tag);
  r->tag[r->n_tags].name = xstrdup(name);
  r->tag[r->n_tags++].n = 1;
}

int listing_load_tags(struct listing *l, struct app *app, struct store *s)
{
  struct store_query *q = reading_query(app, s, "SELECT run_id, tag FROM tag ORDER BY run_id, tag");
  size_t at = 0;
  int code;
  if (!q)
    return reading_failed(app, s);
  while (reading_next(q, &code)) { /* both sides are sorted by run */
    int64_t id = store_query_cell(q, 0).i;
    while (at < l->n_runs && l->run[at].id < id)
      at++;
    if (at == l->n_runs)
      break;
    if (l->run[at].id == id)
      add_tag(&l->row[l->run[at].row], store_query_cell(q, 1).text);
  }
  store_query_close(q);
  return code ? reading_failed(app, s) : EXIT_DONE;
}

char *listing_tags_text(const struct listing_row *r)
{
  char *text = xstrdup("");
  for (size_t i = 0; i < r->n_tags; i++) {
    char *longer = r->tag[i].n == r->n ? xasprintf("%s%s%s", text, i ? ", " : "", r->tag[i].name)
                                       : xasprintf("%s%s%s (%zu)", text, i ? ", " : "", r->tag[i].name, r->tag[i].n);
    free(text);
    text = longer;
  }
  return text;
}

void listing_free_labels(struct listing_row *r)
{
  for (size_t i = 0; i < r->n_tags; i++)
    free(r->tag[i].name);
  free(r->tag);
  free(r->note);
}
