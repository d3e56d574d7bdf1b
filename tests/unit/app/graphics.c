/* graphics.c: plots at the prompt and of `assay plot` in terminals of several kinds: what they are asked, what they are
 * sent, and that the settings of the terminal are as they were. */
#include "tests/terminal.h"
#include "tests/unit/app/golden_store.h"
#include "tests/unit/app/pixels.h"

#define ASKED "\033[c"
#define KITTY_ASKED "\033_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\033\\"

static struct terminal term;

static const struct terminal_answer of_xterm[] = {{"\033[16t", "\033[6;16;8t"}, {"\033]11;?\033\\", "\033]11;rgb:0000/0000/0000\033\\"}, {ASKED, "\033[?64;1;2;4;22c"}, {0}},
                                    of_kitty[] = {{KITTY_ASKED, "\033_Gi=31;OK\033\\"}, {"\033[16t", "\033[6;16;8t"}, {ASKED, "\033[?62;c"}, {0}},
                                    of_true[] = {{"\033P$qm\033\\", "\033P1$r0;38:2:1:2:3m\033\\"}, {ASKED, "\033[?62;c"}, {0}},
                                    of_plain[] = {{ASKED, "\033[?1;2c"}, {0}}, of_none[] = {{0}};

/* Run `assay WORDS…` there to its end; extra: one more setting of the environment, or NULL. */
static void show(const struct terminal_answer *answers, const char *extra, const char *const *words)
{
  char *argv[12] = {terminal_program()};
  char *env[] = {xasprintf("HOME=%s", fixture_dir), xstrdup("LC_ALL=C.UTF-8"), xstrdup("TERM=xterm-256color"), xasprintf("PATH=%s", getenv("PATH")),
                 xstrdup(extra ? extra : "TZ=UTC"), NULL};
  for (int i = 0; words[i]; i++)
    argv[i + 1] = xstrdup(words[i]);
  terminal_start(&term, 80, 30, argv, env);
  term.answers = answers;
  for (int i = 0; argv[i]; i++)
    free(argv[i]);
  for (int i = 0; env[i]; i++)
    free(env[i]);
  tap_is_int(terminal_end(&term), 0, "%s %s … ends well", words[0], words[1]);
  tap_ok(terminal_restored(&term), "and leaves the terminal's settings as they were");
}

static bool sent(const char *part) { return term.sent && strstr(term.sent, part); }

/* U+2800 to U+28FF begin with e2 a0 to e2 a3. */
static bool braille(void) { return sent("\xe2\xa0") || sent("\xe2\xa1") || sent("\xe2\xa2") || sent("\xe2\xa3"); }

static size_t lit(const struct raster *r)
{
  size_t n = 0;
  for (size_t i = 0; i < (size_t)r->width * (size_t)r->height; i++)
    n += r->pixel[i] >> 24 != 0;
  return n;
}

static const char *const at_prompt[] = {"repl", "-e", "assay.plot{1, 4, 2, 8}", NULL};

static void sixel(void)
{
  const char *end;
  show(of_xterm, NULL, at_prompt);
  tap_ok(sent("\033P0;1;0q") && !braille(), "where sixels are answered for, a plot is sent as sixels");
  struct raster r = pixels_of_sixel(term.sent, &end);
  tap_ok(r.width % 8 == 0 && r.height % 16 == 0 && lit(&r) > 200, "of whole cells as large as was answered: %d x %d", r.width, r.height);
  tap_ok(sent("\0337\033[") && strstr(end, "\0338"), "between a cursor saved and restored");
  tap_has(terminal_text(&term), "└┬", "the axes are text");
  raster_free(&r);
  terminal_free(&term);
}

static void kitty(void)
{
  int cols, rows, pieces;
  show(of_kitty, NULL, at_prompt);
  struct raster r = pixels_of_kitty(term.sent, &cols, &rows, &pieces);
  tap_ok(r.width == 8 * cols && r.height == 16 * rows && lit(&r) > 200, "where kitty's graphics are, they are sent: %d x %d cells", cols, rows);
  raster_free(&r);
  terminal_free(&term);
}

static void as_text(const struct terminal_answer *answers, const char *extra, const char *const *words, bool asks, const char *why)
{
  double begun = terminal_clock();
  show(answers, extra, words);
  tap_ok(braille() && !sent("\033P0") && !sent("a=T"), "%s: a plot is text", why);
  tap_ok(sent(ASKED) == asks, "%s: the terminal is %s", why, asks ? "asked" : "not asked");
  tap_ok(!strstr(terminal_text(&term), "Gi=31"), "%s: no question is seen on the screen", why); /* libvterm shows APC as text */
  if (answers == of_none && asks)
    tap_ok(terminal_clock() - begun >= 1, "%s: after a second", why);
  terminal_free(&term);
}

/* The least value of a matrix is #440154 where there are 24 bits, else 53 of the 256. */
static void shades(const struct terminal_answer *answers, const char *extra, bool exact, const char *why)
{
  show(answers, extra, (const char *const[]){"repl", "-e", "assay.plot.heatmap(assay.matrix{{0, 1}, {2, 3}})", NULL});
  tap_ok(sent("38;2;68;1;84m") == exact && sent("38;5;53m") == !exact, "%s: shades of heat %s", why, exact ? "are exact" : "are of the 256");
  terminal_free(&term);
}

/* What `assay doctor` says of this terminal. */
static void diagnosed(const struct terminal_answer *answers, const char *extra, const char *colours, const char *pictures)
{
  show(answers, extra, (const char *const[]){"doctor", NULL});
  tap_has(terminal_text(&term), colours, "doctor: %s", colours);
  tap_has(terminal_text(&term), pictures, "doctor: %s", pictures);
  terminal_free(&term);
}

/* Bytes in a pipe are what they always were. */
static void in_a_pipe(void)
{
  char *program = terminal_program(), *command = xasprintf("TERM=xterm-256color '%s' --graphics=sixel repl -e 'assay.plot{1, 4, 2, 8}' </dev/null", program), text[8192] = "";
  FILE *f = popen(command, "r");
  size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
  tap_ok(f && pclose(f) == 0 && n > 100 && !memchr(text, 27, n), "in a pipe a plot is text without any sequence");
  free(command);
  free(program);
}

int main(void)
{
  static char db[128];
  snprintf(db, sizeof db, "%s", fixture_path("graphics.db"));
  golden_store(db);
  sixel();
  kitty();
  as_text(of_plain, NULL, at_prompt, true, "a terminal with neither");
  as_text(of_none, NULL, at_prompt, true, "a terminal that does not answer");
  as_text(of_xterm, "NO_COLOR=1", at_prompt, false, "NO_COLOR");
  as_text(of_xterm, NULL, (const char *const[]){"--graphics=text", "repl", "-e", "assay.plot{1, 4, 2, 8}", NULL}, false, "--graphics=text");
  shades(of_true, NULL, true, "a terminal that answers with the colour it was set");
  shades(of_plain, NULL, false, "a terminal that does not know of 24 bits");
  shades(of_plain, "COLORTERM=truecolor", true, "COLORTERM=truecolor");
  diagnosed(of_kitty, NULL, "colours       256, by the description", "pictures      kitty's graphics, cells of 8 x 16 pixels");
  diagnosed(of_xterm, "NO_COLOR=1", "not used: NO_COLOR is set", "pictures      sixel, cells of 8 x 16 pixels");
  diagnosed(of_true, NULL, "colours       24 bits, as the terminal answers", "pictures      none: plots are drawn in braille");
  diagnosed(of_plain, "COLORTERM=24bit", "colours       24 bits, by COLORTERM", "pictures      none");
  in_a_pipe();
  show(of_none, NULL, (const char *const[]){"--graphics=sixel", "repl", "-e", "assay.plot.spy(assay.ones(8, 8))", NULL});
  tap_ok(sent("\033P0;1;0q"), "--graphics=sixel sends them to a terminal that says nothing");
  terminal_free(&term);
  show(of_xterm, NULL, (const char *const[]){"--db", db, "plot", "loss", "--where", "schedule = 'cosine'", NULL});
  tap_ok(sent("\033P0;1;0q"), "assay plot shows pictures as well");
  terminal_free(&term);
  fixture_done();
  return tap_done();
}
