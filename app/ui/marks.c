/* marks.c: the marked runs, which all screens share: their numbers, sorted. */
#include <stdlib.h>
#include <string.h>

#include "app/ui/ui_int.h"
#include "experiments/kernel/mem.h"

static size_t mark_place(const struct ui *ui, int64_t run)
{
  size_t low = 0, high = ui->n_marks;
  while (low < high) {
    size_t mid = low + (high - low) / 2;
    if (ui->mark[mid] < run)
      low = mid + 1;
    else
      high = mid;
  }
  return low;
}

bool ui_is_marked(const struct ui *ui, int64_t run)
{
  size_t at = mark_place(ui, run);
  return at < ui->n_marks && ui->mark[at] == run;
}

static int by_run(const void *a, const void *b)
{
  int64_t p = *(const int64_t *)a, q = *(const int64_t *)b;
  return (p > q) - (p < q);
}

/* Both lists sorted, so that marking a hundred thousand runs is one walk. */
void ui_mark(struct ui *ui, const int64_t *run, size_t n, bool on)
{
  int64_t *wanted = xcalloc(n + 1, sizeof *wanted), *merged = xcalloc(ui->n_marks + n + 1, sizeof *merged);
  size_t i = 0, k = 0, count = 0;
  for (size_t r = 0; r < n; r++)
    wanted[r] = run[r];
  qsort(wanted, n, sizeof *wanted, by_run);
  while (i < ui->n_marks || k < n) {
    bool old = k == n || (i < ui->n_marks && ui->mark[i] <= wanted[k]);
    int64_t next = old ? ui->mark[i] : wanted[k];
    bool named = k < n && wanted[k] == next;
    if (named ? on : old)
      merged[count++] = next;
    i += i < ui->n_marks && ui->mark[i] == next;
    while (k < n && wanted[k] == next)
      k++;
  }
  free(wanted);
  free(ui->mark);
  ui->mark = merged;
  ui->n_marks = count;
  ui->dirty = true;
}

size_t ui_marked(const struct ui *ui, const int64_t **run)
{
  *run = ui->mark;
  return ui->n_marks;
}
