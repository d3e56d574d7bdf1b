/* ui_soak.c: random keys into the workbench, at random sizes, on a store with runs in it: no crash, no leak, no stuck
 * state. KEYS sets how many (5,000 by default, 100,000 with ASSAY_LONG); SEED repeats a walk. */
#include <time.h>

#include "tests/unit/app/workbench.h"

static uint64_t state;

/* SplitMix64: the walk is repeated by its seed. */
static uint64_t draw_bits(void)
{
  uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static void make_store(const char *path)
{
  struct store *s;
  char message[512], config[128];
  int64_t key;
  if (store_open(&s, path, STORE_WRITE, message, sizeof message) != STORE_OK)
    tap_bail("%s", message);
  int64_t experiment = fixture_experiment(s);
  store_metric_key(s, "val_error", &key);
  for (int i = 0; i < 60; i++) {
    snprintf(config, sizeof config, "{\"optimizer\":\"o%d\",\"peak\":%d,\"schedule\":\"s%d\",\"seed\":%d}", i / 10 % 2, i / 5 % 4, i / 20, i % 5);
    int64_t run = fixture_run(s, experiment, config, i % 5);
    for (int step = 0; step < 20; step++)
      store_metric_by_id(s, run, key, step, step == 7 ? NAN : 1.0 / (step + 1));
    store_result_number(s, run, "val_error", i % 7 == 0 ? NAN : 0.1 * i);
    store_result_text(s, run, "said", "\033[31m\xff\xe2\x80\xae");
    struct store_run_end end = {.status = i % 9 ? STORE_DONE : STORE_FAILED, .error = i % 9 ? NULL : "bad\033[2J", .wall_s = i};
    if (store_run_end(s, run, &end) != STORE_OK)
      tap_bail("%s", store_message(s));
  }
  store_close(s);
}

static struct ui_event random_event(void)
{
  static const uint32_t special[] = {'\r', 27, '\t', ' ', UI_KEY_UP, UI_KEY_DOWN, UI_KEY_LEFT, UI_KEY_RIGHT, UI_KEY_PAGE_UP, UI_KEY_PAGE_DOWN, UI_KEY_HOME,
                                     UI_KEY_END, UI_KEY_SHIFT_TAB, UI_KEY_DELETE, UI_KEY_BACKSPACE, UI_KEY_F1, 0x00e9, 0x4e2d, 0x1f600, 'L' & 31, 'U' & 31};
  uint64_t r = draw_bits();
  if (r % 20 == 0)
    return (struct ui_event){.key = UI_KEY_MOUSE, .row = (int)(r >> 8) % 70 - 2, .col = (int)(r >> 24) % 220, .button = UI_BUTTON_LEFT + (enum ui_button)((r >> 16) % 4)};
  if (r % 3 == 0)
    return (struct ui_event){.key = special[(r >> 8) % (sizeof special / sizeof *special)]};
  return (struct ui_event){.key = 32 + (uint32_t)((r >> 8) % 95), .pasted = r % 50 == 1};
}

static size_t current_view(void)
{
  size_t i = 0;
  while (ui_view_at(i) != ui_current(bench, NULL))
    i++;
  return i;
}

int main(int argc, char **argv)
{
  const char *keys = getenv("KEYS"), *seed = getenv("SEED");
  long n = keys ? atol(keys) : getenv("ASSAY_LONG") ? 100000 : 5000, left = 0, seen = 0, blank = 0, visited[16] = {0}, unseen = 0;
  if (argc > 1 && strcmp(argv[1], "--db") == 0)
    return 0; /* as a child of the workbench under test, which starts itself */
  state = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
  tap_diag("%ld keys, SEED=%llu", n, (unsigned long long)state);
  char path[128];
  snprintf(path, sizeof path, "%s", fixture_path("soak.db"));
  make_store(path);
  if (chdir(fixture_dir) != 0) /* where exports land */
    tap_bail("no temporary folder");
  bench_open(path, 120, 40);
  for (long i = 0; i < n; i++) {
    struct ui_event ev = random_event();
    ui_event(bench, &ev);
    visited[current_view()]++;
    free(ui_take_copied(bench));
    ui_take_suspend(bench);
    if (ui_left(bench)) { /* a new one, as a user would start it */
      left++;
      bench_close();
      bench_open(path, 120, 40);
    }
    if (draw_bits() % 40 == 0)
      bench_resize(20 + (int)(draw_bits() % 200), 5 + (int)(draw_bits() % 60));
    if (i % 4 == 0) {
      int row, col;
      ui_draw(bench, &bench_grid, &row, &col);
      aside_finish(ui_aside(bench));
    }
    if (i % 50 == 0) {
      const char *screen = bench_screen();
      seen += strchr(screen, 27) != NULL;
      blank += bench_grid.width >= 40 && bench_grid.height >= 10 && !strstr(screen, "soak.db");
    }
  }
  for (size_t i = 0; ui_view_at(i); i++) {
    tap_diag("%-12s %6ld keys", ui_view_at(i)->name, visited[i]);
    unseen += visited[i] == 0;
  }
  tap_is_int(unseen, 0, "the walk came to every screen");
  tap_is_int(blank, 0, "after %ld random keys (left %ld times) the title was never gone", n, left);
  tap_is_int(seen, 0, "no control character reached a screen");
  bench_resize(100, 30);
  bench_keys("Esc Esc Esc Esc 1");
  tap_has(bench_screen(), "[1 Runs]", "Esc and 1 lead back to the runs from everywhere");
  bench_close();
  fixture_done();
  return tap_done();
}
