/* doctor.c: `assay doctor`: is this machine fit, and what would make it fitter? */
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "app/graphics.h"
#include "app/paths.h"
#include "app/plot/plot.h"
#include "app/ui/screen.h"
#include "experiments/kernel/blas.h"
#include "experiments/kernel/cpu.h"
#include "experiments/kernel/mem.h"

static const struct option_row options[] = {
  {.name = "full", .doc = "check the whole store, indexes too (slow on big ones)"},
  {.name = "json", .doc = "print the findings as JSON"},
  {0},
};

enum level { FINE, NOTE, BAD }; /* shown as "ok", "~", "x" */

struct findings {
  json_t *list; /* of {subject, level, text} */
  bool bad;
};

static void find(struct findings *f, enum level level, const char *subject, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void find(struct findings *f, enum level level, const char *subject, const char *format, ...)
{
  static const char *const names[] = {"ok", "note", "bad"};
  va_list args;
  char *text = NULL;
  va_start(args, format);
  if (vasprintf(&text, format, args) < 0)
    text = NULL;
  va_end(args);
  json_t *o = json_object(), *string = json_string(text ? text : "");
  json_object_set_new(o, "subject", json_string(subject));
  json_object_set_new(o, "level", json_string(names[level]));
  json_object_set_new(o, "text", string ? string : json_string("(no UTF-8)"));
  json_array_append_new(f->list, o);
  f->bad = f->bad || level == BAD;
  free(text);
}

/* --- machine and BLAS --------------------------------------------------------------------------- */

static void look_at_machine(struct findings *f)
{
  long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGE_SIZE);
  find(f, FINE, "program", "assay %s", ASSAY_VERSION);
  find(f, FINE, "machine", "%s, %d cores for us, %.1f GB memory", cpu_model(), app_default_jobs(),
       (double)pages * (double)size / 1e9);
  find(f, FINE, "kernels", "instruction set %s", isa_name(cpu_best_isa()));
}

static void look_at_blas(struct findings *f)
{
  struct blas_info b = blas_info();
  struct err e = {0};
  const char *forced = getenv("OPENBLAS_CORETYPE");
  find(f, FINE, "BLAS", "%s, core type %s, %s, %s", b.name, b.core, b.parallel, b.path);
  if (blas_check(true, &e) != STATUS_OK)
    find(f, BAD, "BLAS results", "%s", e.message);
  else
    find(f, FINE, "BLAS results", "right in all shapes tried");
  blas_set_threads(1);
  double speed = blas_speed(), peak = cpu_peak_gflops(), share = peak > 0 ? speed / peak : 0;
  if (share >= 0.5)
    find(f, FINE, "BLAS speed", "%.0f GFLOP/s on one thread, %.0f%% of this machine's peak of %.0f", speed, 100 * share, peak);
  else if (forced)
    find(f, NOTE, "BLAS speed", "%.0f GFLOP/s on one thread, only %.0f%% of the peak of %.0f: unset OPENBLAS_CORETYPE (now %s)", speed,
         100 * share, peak, forced);
  else
    find(f, NOTE, "BLAS speed", "%.0f GFLOP/s on one thread, only %.0f%% of the peak of %.0f: try OPENBLAS_CORETYPE=%s, or look "
         "whether the machine is busy", speed, 100 * share, peak, cpu_best_isa() == ISA_AVX512 ? "SkylakeX" : "Haswell");
}

/* --- terminal ----------------------------------------------------------------------------------- */

/* What it says itself goes before what is written of it. */
static void look_at_colours(struct findings *f, const struct app *app, const struct graphics *g)
{
  const char *no_colour = getenv("NO_COLOR"), *used = app->colour_out ? "" : no_colour && *no_colour ? "; not used: NO_COLOR is set" : "; not used";
  int described = screen_described_colours();
  if (g->true_colour || app->true_colour || described >= PLOT_TRUE_COLOURS)
    find(f, FINE, "colours", "24 bits, %s%s", g->true_colour ? "as the terminal answers" : app->true_colour ? "by COLORTERM" : "by the description of TERM", used);
  else if (described > 0)
    find(f, FINE, "colours", "%d, by the description of TERM; with more, COLORTERM=truecolor says so%s", described, used);
  else
    find(f, NOTE, "colours", "%s%s", described < 0 ? "not known: nobody has a description of this TERM" : "none", used);
}

static void look_at_pictures(struct findings *f, const struct app *app, const struct graphics *g)
{
  const char *how = g->kitty ? "kitty's graphics" : "sixel";
  if (!g->kitty && !g->sixel)
    find(f, FINE, "pictures", "none: plots are drawn in %s", app->utf8 ? "braille" : "ASCII");
  else if (g->cell_w < 2 || g->cell_h < 4)
    find(f, NOTE, "pictures", "%s, but the terminal does not say how large its cells are: --graphics=%s draws them all the same", how, g->kitty ? "kitty" : "sixel");
  else
    find(f, FINE, "pictures", "%s, cells of %d x %d pixels", how, g->cell_w, g->cell_h);
}

static void look_at_terminal(struct findings *f, const struct app *app)
{
  const char *term = getenv("TERM");
  if (!app->tty_out) {
    find(f, FINE, "terminal", "none: output goes to a file or a pipe");
  } else {
    const struct graphics *g = graphics_terminal();
    find(f, FINE, "terminal", "TERM=%s, %d columns", term ? term : "", app->width);
    look_at_colours(f, app, g);
    look_at_pictures(f, app, g);
  }
  if (app->utf8)
    find(f, FINE, "characters", "UTF-8");
  else
    find(f, NOTE, "characters", "not UTF-8: plots are drawn in ASCII; set LANG=C.UTF-8 for finer ones");
}

/* --- files -------------------------------------------------------------------------------------- */

/* From the file's header, byte 18: 1 rollback journal, 2 write-ahead log. */
static const char *journal_mode(const char *path)
{
  FILE *f = fopen(path, "rb");
  int version = f && fseek(f, 18, SEEK_SET) == 0 ? getc(f) : EOF;
  if (f)
    fclose(f);
  return version == 2 ? "WAL" : version == 1 ? "rollback" : "unknown";
}

static void look_at_store(struct findings *f, const struct app *app, bool full)
{
  struct store *s = NULL;
  char message[1024] = "";
  struct store_check check = {.ok = false};
  int code = store_open(&s, app->db, STORE_READ, message, sizeof message);
  if (code == STORE_ABSENT) {
    find(f, FINE, "store", "%s: none yet; the first run makes it", app->db);
    return;
  }
  if (code != STORE_OK) {
    find(f, BAD, "store", "%s", message);
    return;
  }
  if (*message)
    find(f, NOTE, "store", "%s", message);
  code = store_integrity(s, full, &check);
  if (code == STORE_OK && check.ok)
    find(f, FINE, "store", "%s: %s, journal mode %s", store_path(s), full ? "fully checked" : "sound", journal_mode(store_path(s)));
  else
    find(f, BAD, "store", "%s: damaged: %s; go back to a copy, or rescue what can be read with: %s", store_path(s),
         check.text[0] ? check.text : store_message(s), store_rescue(s));
  store_close(s);
}

static void look_at_file(struct findings *f, const char *name, char *path, const char *cure)
{
  if (access(path, R_OK) == 0)
    find(f, FINE, "data", "%s: %s", name, path);
  else
    find(f, NOTE, "data", "%s is not there (%s): %s", name, path, cure);
  free(path);
}

static void look_at_data(struct findings *f, const struct app *app)
{
  const char *share = app->share_dir ? app->share_dir : "share/assay";
  if (app->share_dir)
    find(f, FINE, "library", "%s", app->share_dir);
  else
    find(f, BAD, "library", "no ../share/assay beside the program: install it with cmake --install");
  look_at_file(f, "fashion-mnist", xstrdup("/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz"),
               "apt-get install dataset-fashion-mnist");
  look_at_file(f, "digits", xasprintf("%s/experiments/data/tables/digits.csv.gz", share), "install assay's own files");
  look_at_file(f, "breast_cancer", xasprintf("%s/experiments/data/tables/breast_cancer.csv", share), "install assay's own files");
}

/* --- output ------------------------------------------------------------------------------------- */

static void print_json(const struct findings *f)
{
  json_t *o = json_object();
  json_object_set_new(o, "ok", json_boolean(!f->bad));
  json_object_set(o, "findings", f->list);
  char *text = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
  if (text)
    puts(text);
  free(text);
  json_decref(o);
}

static void print_text(const struct findings *f)
{
  size_t i;
  json_t *o;
  json_array_foreach(f->list, i, o) {
    const char *level = json_string_value(json_object_get(o, "level"));
    char *text = text_safe(json_string_value(json_object_get(o, "text")), false);
    printf("%-3s %-13s %s\n", strcmp(level, "ok") == 0 ? "ok" : strcmp(level, "note") == 0 ? "~" : "x",
           json_string_value(json_object_get(o, "subject")), text);
    free(text);
  }
}

static int run(struct app *app, const struct arguments *a)
{
  if (a->n_words)
    return app_usage(a->command, "doctor takes no words ('%s'); name the store with --db", a->word[0]);
  struct findings f = {.list = json_array()};
  look_at_machine(&f);
  look_at_blas(&f);
  look_at_terminal(&f, app);
  look_at_store(&f, app, arg_flag(a, "full"));
  look_at_data(&f, app);
  if (arg_flag(a, "json"))
    print_json(&f);
  else
    print_text(&f);
  json_decref(f.list);
  return f.bad ? EXIT_USAGE : EXIT_DONE;
}

const struct command command_doctor = {
  .name = "doctor",
  .summary = "check the machine, BLAS, the terminal, the store and the data",
  .usage = "[--full] [--json]",
  .help = "Examples:\n"
          "  assay doctor\n"
          "  assay doctor --full --db big.db\n"
          "\n"
          "Each line begins with ok, ~ (could be better) or x (wrong). Exit code 2 if anything is wrong.\n",
  .options = options,
  .run = run,
};
