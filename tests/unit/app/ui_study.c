/* ui_study.c: the screens of bounds and pruning on runs whose statistics are known by hand. */
#include "app/ui/mask_view.h"
#include "experiments/data/matrix_pack.h"
#include "tests/unit/app/workbench.h"

static char path[128];

static void end_run(struct store *s, int64_t run, enum store_status status)
{
  struct store_run_end end = {.status = status, .error = status == STORE_DONE ? NULL : "diverged", .wall_s = 1};
  if (store_run_end(s, run, &end) != STORE_OK)
    tap_bail("%s", store_message(s));
}

/* --- bounds -------------------------------------------------------------------------------------------------------- */

static void add_net(struct store *s, int64_t experiment, int width, int seed, double gap, double bound, bool reached)
{
  char config[96];
  snprintf(config, sizeof config, "{\"seed\":%d,\"width\":%d}", seed, width);
  int64_t run = fixture_run(s, experiment, config, seed);
  store_result_number(s, run, "gap", gap);
  store_result_number(s, run, "train_error", 0.01);
  store_result_number(s, run, "reached", reached);
  store_result_number(s, run, "pb", bound);
  store_result_text(s, run, "pb.kind", "HP");
  store_result_text(s, run, "pb.claim", "guaranteed");
  store_result_number(s, run, "pb.violated", !reached);
  store_result_number(s, run, "pb.vacuous", bound >= 1);
  store_result_number(s, run, "pb.tightness", 2 * width);
  store_result_number(s, run, "norm", reached ? -width : 100);
  store_result_text(s, run, "norm.kind", "C");
  end_run(s, run, STORE_DONE);
}

static void make_bounds(struct store *s, int64_t experiment)
{
  static const double second[] = {0.1, 0.2, 0.4, 0.3}; /* one of six pairs the wrong way round */
  for (int width = 1; width <= 4; width++) {
    add_net(s, experiment, width, 1, 0.1 * width, 0.3 * width, true);
    add_net(s, experiment, width, 2, 0.1 * width, second[width - 1], true);
  }
  add_net(s, experiment, 5, 1, 0.5, 0.001, false);
}

static void bounds(void)
{
  tap_has(bench_keys("5"), "against the measured gap", "5 holds bounds against the gap");
  const char *line = bench_line("pb  ");
  tap_has(line, "0 of 8", "violations of the nets that count");
  tap_has(line, "1 of 8", "and how many bounds say nothing");
  tap_has(line, "0.35", "the median bound"); /* of .1 .2 .3 .3 .4 .6 .9 1.2 */
  tap_has(line, "5x", "the median tightness"); /* of 2, 4, 6, 8, twice */
  /* tau 1 and 4/6 in the two seeds; the t interval, 12.7 x .167, is cut at -1 and 1 */
  tap_has(line, "+0.83 [-1.00, +1.00]", "Kendall's tau within each seed, and its interval over seeds");
  tap_has(bench_line("norm  "), "-1.00 [-1.00, -1.00]", "a measure may rank the wrong way round in every seed");
  tap_has(bench_screen(), "short of the training loss: 1", "nets short of the training loss are left out, and that is said");
  tap_has(bench_screen(), "pb: guaranteed.  an upper bound that holds with probability", "the selected bound says what it claims");
  tap_has(bench_keys("Tab"), "pb less training error against the measured gap", "Tab: the selected one alone");
  tap_has(bench_keys("Down"), "norm against the measured gap", "a measure is drawn as it is");
  bench_keys("Tab Up");
}

/* --- pruning ------------------------------------------------------------------------------------------------------- */

/* A mask of 8 x 12: the left half of what is kept in the upper rows, alternating below. */
static struct mat make_mask(void)
{
  struct mat m;
  struct err e = {0};
  if (mat_new(&m, DTYPE_F32, 8, 12, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  for (size_t i = 0; i < 8; i++)
    for (size_t j = 0; j < 12; j++)
      mat_set(&m, i, j, i < 4 ? j < 6 : j % 2 == 0);
  return m;
}

static void keep(struct store *s, int64_t run, const char *name, const char *kind, const struct mat *m)
{
  struct err e = {0};
  struct store_artifact a = {.name = name, .kind = kind};
  unsigned char *bytes;
  if (matrix_pack(m, &bytes, &a.size, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  a.content = bytes;
  if (store_artifact(s, run, &a) != STORE_OK)
    tap_bail("%s", store_message(s));
  free(bytes);
}

static void keep_mask(struct store *s, int64_t run)
{
  struct err e = {0};
  struct mat mask = make_mask(), histogram;
  if (mat_new(&histogram, DTYPE_F64, 3, 4, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  for (size_t j = 0; j < 4; j++) {
    mat_set(&histogram, 0, j, (double)j - 2);
    mat_set(&histogram, 1 + (j == 1 || j == 2), j, 24);
  }
  keep(s, run, "layer 1 mask @0.5", "mask", &mask);
  keep(s, run, "layer 1 histogram @0.5", "matrix", &histogram);
  mat_free(&mask);
  mat_free(&histogram);
}

static void add_pruned(struct store *s, int64_t experiment, const char *method, int seed, double shift)
{
  static const double at[] = {0, 0.5, 0.75};
  char config[96], key[64];
  snprintf(config, sizeof config, "{\"method\":\"%s\",\"seed\":%d}", method, seed);
  int64_t run = fixture_run(s, experiment, config, seed);
  for (size_t i = 0; i < 3; i++) {
    snprintf(key, sizeof key, "plain error @%g", at[i]);
    store_result_number(s, run, key, 0.1 + (i ? shift : 0) + 0.1 * (double)i + 0.001 * seed);
    snprintf(key, sizeof key, "layer 1 kept @%g", at[i]);
    store_result_number(s, run, key, 96 * (1 - at[i]));
    snprintf(key, sizeof key, "layer 2 kept @%g", at[i]);
    store_result_number(s, run, key, 16);
  }
  store_result_text(s, run, "layer 1 shape", "8x12");
  store_result_text(s, run, "layer 2 shape", "2x8");
  store_result_number(s, run, "plain break", seed == 1 ? 0 : 0.5);
  store_result_number(s, run, "calibrate_s", 0.25);
  store_result_number(s, run, "method_s", 0.5);
  if (seed == 1)
    keep_mask(s, run);
  end_run(s, run, STORE_DONE);
}

/* The third seed came when the sweep was extended: in another row of `experiment`, with the same script. */
static void make_pruned(struct store *s, int64_t experiment, int64_t extended)
{
  for (int seed = 1; seed <= 3; seed++) {
    add_pruned(s, seed < 3 ? experiment : extended, "good", seed, 0);
    add_pruned(s, seed < 3 ? experiment : extended, "worse", seed, 0.05 + 0.01 * seed);
  }
  int64_t run = fixture_run(s, experiment, "{\"method\":\"pattern\",\"seed\":1}", 1);
  store_result_number(s, run, "plain error @0.5", 0.01);
  const struct store_artifact broken = {.name = "layer 1 mask @0.5", .kind = "mask", .content = "AMX1 and more that is no mask", .size = 29};
  store_artifact(s, run, &broken);
  end_run(s, run, STORE_DONE);
}

static void pruning(void)
{
  tap_has(bench_keys("6"), "error against sparsity, plain", "6 draws quality against sparsity");
  /* The mean over [0, .75] of .1, .2, .3 at 0, .5, .75: (.5 x .15 + .25 x .25)/.75 = .18333, and .002 for the mean seed; the seeds lie .001
   * apart: t(2) .001/sqrt(3) = .0025 */
  const char *line = bench_line("good  ");
  tap_has(line, "0.1853 ±0.0025", "its mean over the sparsities with an interval over seeds");
  tap_has(line, "best", "is the best");
  tap_has(line, "0 to 0.5", "where it breaks, by seed");
  tap_has(line, "0.75 ", "what it costs, calibration included");
  tap_has(line, "0.202 ±0.0025", "and each point of its curve");
  /* The seeds' shifts .06, .07, .08 count (.5 x half + .25)/.75 = 2/3: mean .04667, sd .00667: t = 12.12 with 2 degrees: p = 1 - t/sqrt(t^2 + 2) */
  tap_has(bench_line("worse  "), "p=0.0067 *", "the other one is told apart in pairs");
  tap_has(bench_line("pattern  "), "1 of 3 points", "a mean over other sparsities is not compared");
  tap_has(bench_screen(), "against CPU seconds", "beside it time against quality");
  tap_has(bench_keys("Tab Tab"), "good: share of each layer kept at sparsity 0.5", "Tab: layers");
  tap_has(bench_line("1 8x12"), "0.5", "half of the first is kept");
  tap_has(bench_line("2 2x8"), "1", "and all of the second");
  tap_has(bench_keys("Left"), "at sparsity 0,", "Left: another sparsity");
  tap_has(bench_keys("Right Tab"), "good: mask of layer 1 at sparsity 0.5, 8 outputs by 12 inputs", "Tab: the mask");
  tap_has(bench_screen(), "weights of the layer, by size", "and what was kept by size");
  tap_has(bench_keys("+"), "outputs 1 to 4, inputs 1 to 6", "+ looks closer");
  tap_has(bench_keys("Down Down Down Down Down Right"), "outputs 5 to 8, inputs 3 to 8", "arrows move, to the edge at most");
  tap_has(bench_keys("_"), "8 outputs by 12 inputs", "_ looks from further away");
  tap_has(bench_keys("."), "no mask of this layer", ". another layer, whose mask is not kept");
  tap_has(bench_keys(", Down"), "worse: mask of layer 1", "Down: another method");
  tap_has(bench_keys("Down"), "a packed matrix of an unknown kind", "a mask that is none is refused");
  bench_keys("Up Up Tab");
}

/* Blocks of a window of the mask against sums by hand. */
static void density(void)
{
  struct mat m = make_mask();
  double z[24];
  mask_density(&m, &(struct mask_window){0, 0, 0}, 2, 3, z);
  tap_ok(z[0] == 1 && z[1] == 0.5 && z[2] == 0 && z[3] == 0.5 && z[4] == 0.5 && z[5] == 0.5, "a cell is the share of its block that is kept");
  mask_density(&m, &(struct mask_window){1, 0, 1}, 4, 6, z);
  tap_ok(z[0] == 0 && z[5] == 0, "the upper right quarter is empty");
  mask_density(&m, &(struct mask_window){1, 1, 0}, 1, 6, z);
  tap_ok(z[0] == 1 && z[1] == 0 && z[2] == 1, "close enough, a cell is a weight");
  size_t r0, r1, c0, c1;
  mask_window_place(&m, &(struct mask_window){12, 1, 1}, &r0, &r1, &c0, &c1);
  tap_ok(r0 == 7 && r1 == 8 && c0 == 11 && c1 == 12, "as close as can be: one weight");
  mat_free(&m);
}

static void sizes(void)
{
  long lost = 0;
  for (int i = 0; i < 30; i++) {
    bench_resize(40 + 5 * i, 10 + i);
    lost += !strstr(bench_keys("5 Tab"), "Bounds]") + !strstr(bench_keys("6 Tab + ."), "Pruning]");
  }
  tap_is_int(lost, 0, "every size shows which screen it is");
}

int main(void)
{
  struct store *s;
  char message[512];
  snprintf(path, sizeof path, "%s", fixture_path("study.db"));
  if (store_open(&s, path, STORE_WRITE, message, sizeof message) != STORE_OK)
    tap_bail("%s", message);
  int64_t other;
  char hash[33];
  const struct store_script script = {"bounds.lua", "return 1", 8};
  if (store_experiment(s, "bounds", NULL, &script, 1, "{}", &other, hash) != STORE_OK)
    tap_bail("%s", store_message(s));
  make_bounds(s, other);
  int64_t extended;
  if (store_experiment(s, "pruning", NULL, &script, 1, "{\"seeds\":2}", &other, hash) != STORE_OK ||
      store_experiment(s, "pruning", NULL, &script, 1, "{\"seeds\":3}", &extended, hash) != STORE_OK)
    tap_bail("%s", store_message(s));
  make_pruned(s, other, extended);
  store_close(s);
  bench_open(path, 150, 44);
  bounds();
  pruning();
  density();
  sizes();
  bench_close();
  fixture_done();
  return tap_done();
}
