/* workbench.h: the workbench driven without a terminal: keys in by their names, text of the screen out. */
#ifndef ASSAY_TESTS_WORKBENCH_H
#define ASSAY_TESTS_WORKBENCH_H

#include <locale.h>
#include <poll.h>

#include "app/ui/ui.h"
#include "experiments/kernel/mem.h"
#include "tests/unit/store/fixture.h"

static struct app bench_app;
static struct ui *bench;
static struct plot_grid bench_grid;
static char *bench_text;

/* Wait for what is being read on one of the two threads; false: nothing is. */
static bool bench_wait(struct aside *a)
{
  if (aside_idle(a))
    return false;
  struct pollfd fd = {.fd = aside_fd(a), .events = POLLIN};
  if (poll(&fd, 1, 10000) != 1)
    tap_bail("the reading thread did not answer");
  aside_finish(a);
  return true;
}

/* Draw, until nothing more is being read. */
MAYBE_UNUSED static const char *bench_screen(void)
{
  int row, col;
  for (int i = 0; i < 200; i++) {
    ui_draw(bench, &bench_grid, &row, &col);
    bool waited = bench_wait(ui_aside(bench)) + bench_wait(ui_aside_slow(bench));
    if (!waited && !ui_wants_draw(bench))
      break;
  }
  free(bench_text);
  return bench_text = plot_grid_text(&bench_grid, 0);
}

MAYBE_UNUSED static void bench_open(const char *db, int width, int height)
{
  if (!setlocale(LC_CTYPE, "C.UTF-8"))
    tap_bail("no locale C.UTF-8");
  setenv("XDG_STATE_HOME", fixture_path("state"), 1);
  bench_app.db = db;
  bench_app.width = width;
  bench_app.utf8 = true;
  bench = ui_new(&bench_app);
  plot_grid_init(&bench_grid, width, height);
  ui_refresh(bench, false);
}

MAYBE_UNUSED static void bench_resize(int width, int height)
{
  plot_grid_free(&bench_grid);
  plot_grid_init(&bench_grid, width, height);
}

/* Keys by their names, separated by blanks ("Down Space Enter"); then the screen. */
MAYBE_UNUSED static const char *bench_keys(const char *keys)
{
  while (*keys) {
    size_t n = strcspn(keys, " ");
    struct ui_event ev = {.key = key_from_name(keys, n)};
    if (!ev.key)
      tap_bail("no key %s", keys);
    ui_event(bench, &ev);
    keys += n + strspn(keys + n, " ");
  }
  return bench_screen();
}

/* Text typed as it stands. */
MAYBE_UNUSED static const char *bench_type(const char *text)
{
  for (; *text; text++)
    ui_event(bench, &(struct ui_event){.key = (unsigned char)*text});
  return bench_screen();
}

MAYBE_UNUSED static void bench_close(void)
{
  ui_free(bench);
  plot_grid_free(&bench_grid);
  free(bench_text);
  bench_text = NULL;
}

/* The line of the screen that holds this text, cut out; "" when there is none. */
MAYBE_UNUSED static const char *bench_line(const char *part)
{
  static char line[2048];
  const char *at = strstr(bench_text, part), *from = at;
  line[0] = '\0';
  if (!at)
    return line;
  while (from > bench_text && from[-1] != '\n')
    from--;
  snprintf(line, sizeof line, "%.*s", (int)strcspn(from, "\n"), from);
  return line;
}

#endif
