/* ui_terminal.c: the workbench and its terminal: stopped and continued, resized without end, ended by signals, by the loss
 * of the terminal and by a crash; a store whose every text means harm. The terminal is always given back. */
#include "app/plot/plot.h"
#include "tests/terminal.h"
#include "tests/unit/app/golden_store.h"

static struct terminal term;
static char path[128];

static void open_at(int width, int height, const char *locale)
{
  terminal_workbench(&term, width, height, path, fixture_dir, locale, NULL);
  if (!terminal_await(&term, "sorted by"))
    tap_diag("no workbench:\n%s", terminal_text(&term));
}

/* The program has ended with this code and left the terminal as it was. */
static void ends(int code, const char *how)
{
  tap_is_int(terminal_end(&term), code, "%s: it ends with %d", how, code);
  tap_ok(terminal_restored(&term), "%s: the terminal's settings are as they were", how);
  tap_is_str(terminal_modes(&term), "", "%s: no mode is left switched on", how);
  terminal_free(&term);
}

/* Wait until the screen is this one. */
static void becomes(const char *screen, const char *name)
{
  for (double begun = terminal_clock(); strcmp(terminal_text(&term), screen) != 0 && terminal_clock() - begun < 20;)
    terminal_pump(&term, 100);
  tap_is_str(terminal_text(&term), screen, "%s", name);
}

/* --- stopped and continued ----------------------------------------------------------------------------------------- */

static void by_key(void) { terminal_keys(&term, "Ctrl-Z"); }
static void by_signal(void) { kill(term.pid, SIGTSTP); }

/* The terminal is the shell's while it is stopped; after "fg" the screen is the one before, whatever the shell wrote. */
static void stops(const char *how, void (*stop)(void))
{
  open_at(100, 30, "C.UTF-8");
  terminal_keys(&term, "Down");
  terminal_settle(&term, 300);
  char *before = xstrdup(terminal_text(&term));
  stop();
  tap_ok(terminal_stop(&term), "%s stops it", how);
  terminal_settle(&term, 50);
  tap_ok(terminal_restored(&term), "%s: the shell has its settings back", how);
  tap_is_str(terminal_modes(&term), "", "%s: and no mode is on", how);
  tap_ok(!strstr(terminal_text(&term), "sorted by"), "%s: the shell's screen is back", how);
  terminal_type(&term, "rubbish"); /* echoed by the line discipline, and … */
  terminal_settle(&term, 50);
  terminal_type(&term, "\025");    /* … taken back, which it does in its own time: else the keys would be read afterwards */
  terminal_settle(&term, 200);
  terminal_continue(&term);
  becomes(before, "after fg the screen is the one before");
  free(before);
  terminal_keys(&term, "q");
  ends(0, how);
}

static void resized_while_stopped(void)
{
  open_at(100, 30, "C.UTF-8");
  by_key();
  terminal_stop(&term);
  terminal_resize(&term, 70, 20);
  terminal_continue(&term);
  tap_ok(terminal_await(&term, "[1 Runs] 2"), "resized while it was stopped: it is drawn at the new size");
  terminal_keys(&term, "q");
  ends(0, "resized while it was stopped");
}

/* SIGSTOP cannot be answered; the shell puts its own settings and prompt there. After SIGCONT the screen is whole again,
 * and a key needs no Enter. */
static void frozen(void)
{
  open_at(100, 30, "C.UTF-8");
  terminal_settle(&term, 300);
  char *before = xstrdup(terminal_text(&term));
  kill(term.pid, SIGSTOP);
  terminal_stop(&term);
  tcsetattr(term.fd, TCSANOW, &term.before);
  terminal_type(&term, "rubbish");
  terminal_settle(&term, 50);
  tap_has(terminal_text(&term), "ubbish", "SIGSTOP: the shell writes on the screen, from its last cell on");
  terminal_type(&term, "\025");
  terminal_continue(&term);
  becomes(before, "SIGSTOP, SIGCONT: the screen is the one before");
  free(before);
  terminal_keys(&term, "q");
  ends(0, "SIGSTOP");
}

/* --- kinds of terminals ------------------------------------------------------------------------------------------------- */

/* The greatest number of a foreground colour on the screen; -1: none has one. */
static int greatest_colour(void)
{
  int most = -1;
  for (int row = 0; row < term.height; row++)
    for (int col = 0; col < term.width; col++) {
      VTermScreenCell cell = terminal_cell(&term, row, col);
      if (!VTERM_COLOR_IS_DEFAULT_FG(&cell.fg) && VTERM_COLOR_IS_INDEXED(&cell.fg) && cell.fg.indexed.idx > most)
        most = cell.fg.indexed.idx;
    }
  return most;
}

static void open_large(const char *name, int width, int height)
{
  terminal_workbench(&term, width, height, path, fixture_dir, "C.UTF-8", name);
  terminal_await(&term, "sorted by");
  terminal_settle(&term, 200);
}

static void open_as(const char *name) { open_large(name, 100, 30); }

static void kinds(void)
{
  const char *sanitizer = getenv("ASAN_OPTIONS");
  char *before = xstrdup(sanitizer ? sanitizer : "");
  setenv("ASAN_OPTIONS", "allocator_may_return_null=1:detect_leaks=0", 1); /* libtinfo loses a screen that it cannot open, and 10 bytes of the console's */
  open_as("TERM=xterm");
  tap_ok(greatest_colour() > 0 && greatest_colour() < 8, "xterm: eight colours are eight (the greatest is %d)", greatest_colour());
  tap_ok(!strstr(term.sent, "38;5"), "and no sequence of 256 is sent");
  terminal_keys(&term, "q");
  ends(0, "xterm");
  open_as("TERM=linux");
  tap_ok(!strstr(term.sent, "\033]11"), "linux: the console is not asked for its background");
  terminal_keys(&term, "q");
  ends(0, "linux");
  open_as("TERM=xterm-256color");
  tap_ok(greatest_colour() > 15, "xterm-256color: the colours of 256 (%d)", greatest_colour());
  terminal_keys(&term, "q");
  ends(0, "xterm-256color");
  terminal_workbench(&term, 100, 30, path, fixture_dir, "C.UTF-8", "TERM=nonsense");
  terminal_shows(&term, "TERM=nonsense", "a terminal that nobody knows is named");
  ends(2, "nonsense");
  terminal_workbench(&term, 100, 30, path, fixture_dir, "C.UTF-8", "TERM=dumb");
  terminal_shows(&term, "TERM=dumb", "so is one that cannot move its cursor");
  ends(2, "dumb");
  setenv("ASAN_OPTIONS", before, 1);
  free(before);
}

/* --- colours of 24 bits --------------------------------------------------------------------------------------------------- */

/* Cells with a colour of their own that is not one of 24 bits; *shades: full blocks in a shade of heat. */
static int inexact(int *shades)
{
  int n = 0;
  *shades = 0;
  for (int row = 0; row < term.height; row++)
    for (int col = 0; col < term.width; col++) {
      VTermScreenCell cell = terminal_cell(&term, row, col);
      uint32_t rgb = (uint32_t)cell.fg.rgb.red << 16 | (uint32_t)cell.fg.rgb.green << 8 | cell.fg.rgb.blue;
      n += !VTERM_COLOR_IS_DEFAULT_FG(&cell.fg) && !VTERM_COLOR_IS_RGB(&cell.fg);
      for (uint32_t k = 0; cell.chars[0] == 0x2588 && VTERM_COLOR_IS_RGB(&cell.fg) && k < 1024; k++)
        if (plot_rgb(PLOT_HEAT_LOW + k) == rgb) {
          ++*shades;
          break;
        }
    }
  return n;
}

static uint32_t name_rgb(void)
{
  VTermScreenCell cell = terminal_cell(&term, 0, 1);
  return VTERM_COLOR_IS_RGB(&cell.fg) ? (uint32_t)cell.fg.rgb.red << 16 | (uint32_t)cell.fg.rgb.green << 8 | cell.fg.rgb.blue : 0;
}

/* The same text as with 256 colours, on several screens, and every colour exact. */
static void true_colours(void)
{
  static const char *const screen[] = {"1", "4", "6", "9"};
  char *usual[4];
  int shades, most = 0;
  open_large("TERM=xterm-256color", 120, 40);
  for (int i = 0; i < 4; i++) {
    terminal_keys(&term, screen[i]);
    terminal_settle(&term, 300);
    usual[i] = xstrdup(terminal_text(&term));
  }
  terminal_keys(&term, "q");
  ends(0, "256 colours");
  open_large("COLORTERM=truecolor", 120, 40);
  tap_is_int(name_rgb(), 0x0087ff, "COLORTERM=truecolor: the store's name is in #0087ff");
  for (int i = 0; i < 4; i++) {
    terminal_keys(&term, screen[i]);
    becomes(usual[i], "the text of the screen is the same");
    tap_is_int(inexact(&shades), 0, "and each colour has 24 bits");
    most = shades > most ? shades : most;
    free(usual[i]);
  }
  tap_ok(most > 20, "shades of heat are those of viridis (%d cells)", most);
  terminal_keys(&term, "1");
  terminal_resize(&term, 70, 20);
  terminal_shows(&term, "[1 Runs]", "it is drawn at another size");
  terminal_settle(&term, 300); /* curves come later than their rows */
  char *before = xstrdup(terminal_text(&term));
  terminal_keys(&term, "Ctrl-Z");
  terminal_stop(&term);
  terminal_settle(&term, 50);
  tap_is_str(terminal_modes(&term), "", "stopped: no mode is on");
  terminal_continue(&term);
  becomes(before, "after fg the screen is the one before");
  free(before);
  terminal_keys(&term, "q");
  ends(0, "24 bits");
}

/* Who is not named in the environment is asked. */
static void asked_for_colours(void)
{
  static const struct terminal_answer can[] = {{"\033P$qm\033\\", "\033P1$r0;38:2::1:2:3m\033\\"}, {0}};
  terminal_workbench(&term, 100, 30, path, fixture_dir, "C.UTF-8", NULL);
  term.answers = can;
  terminal_await(&term, "sorted by");
  for (double begun = terminal_clock(); !name_rgb() && terminal_clock() - begun < 5;)
    terminal_pump(&term, 100);
  tap_is_int(name_rgb(), 0x0087ff, "a terminal that answers with the colour that was set is shown colours of 24 bits");
  terminal_keys(&term, "q");
  ends(0, "asked for colours");
  terminal_workbench(&term, 100, 30, path, fixture_dir, "C.UTF-8", "NO_COLOR=1");
  terminal_await(&term, "sorted by");
  tap_ok(!strstr(term.sent, "$qm"), "NO_COLOR: it is not asked");
  terminal_keys(&term, "q");
  ends(0, "NO_COLOR");
}

/* init.lua: an exact colour is what is shown; with fewer colours the nearest. */
static void own_colours(void)
{
  char *dir = xasprintf("%s/.config/assay", fixture_dir), *command = xasprintf("mkdir -p %s", dir), *file = xasprintf("%s/init.lua", dir);
  if (system(command) != 0)
    tap_bail("no %s", dir);
  FILE *f = fopen(file, "w");
  fputs("return { colours = { blue = '#fe8802' } }", f);
  fclose(f);
  open_as("COLORTERM=24bit");
  for (double begun = terminal_clock(); name_rgb() != 0xfe8802 && terminal_clock() - begun < 10;)
    terminal_pump(&term, 100);
  tap_is_int(name_rgb(), 0xfe8802, "init.lua: \"#fe8802\" is shown exactly");
  terminal_keys(&term, "q");
  ends(0, "own colours");
  open_as("TERM=xterm-256color");
  for (double begun = terminal_clock(); greatest_colour() != 245 && terminal_clock() - begun < 1;)
    terminal_pump(&term, 100);
  VTermScreenCell cell = terminal_cell(&term, 0, 1);
  tap_is_int(VTERM_COLOR_IS_INDEXED(&cell.fg) ? cell.fg.indexed.idx : -1, 208, "of 256 colours it is the nearest, 208");
  terminal_keys(&term, "q");
  ends(0, "own colours of 256");
  unlink(file);
  free(dir);
  free(command);
  free(file);
}

/* --- ended -------------------------------------------------------------------------------------------------------------- */

static void ended_by(int signal, int code, const char *how)
{
  open_at(100, 30, "C.UTF-8");
  kill(term.pid, signal);
  ends(code, how);
}

/* With a pop-up, a half-typed line or the prompt open it goes as well. */
static void ended_in(const char *keys, const char *how)
{
  open_at(100, 30, "C.UTF-8");
  terminal_keys(&term, keys);
  terminal_settle(&term, 200);
  kill(term.pid, SIGTERM);
  ends(143, how);
}

static void loses_terminal(void)
{
  open_at(100, 30, "C.UTF-8");
  terminal_hang_up(&term);
  tap_is_int(terminal_end(&term), 129, "the loss of the terminal ends it with 129");
  terminal_free(&term);
}

/* --- sizes ---------------------------------------------------------------------------------------------------------------- */

static void resize_storm(void)
{
  static const int size[][2] = {{40, 10}, {39, 9}, {1, 1}, {200, 60}, {20, 5}, {80, 24}, {41, 300}, {500, 11}, {5, 3}, {120, 40}};
  open_at(100, 30, "C.UTF-8");
  terminal_settle(&term, 300); /* the curves come last */
  char *before = xstrdup(terminal_text(&term));
  int n = getenv("ASSAY_LONG") ? 3000 : 120;
  for (int i = 0; i < n; i++) {
    terminal_resize(&term, size[i * 7 % 10][0] + i % 3, size[i * 7 % 10][1] + i % 2);
    terminal_keys(&term, (const char *[]){"1", "4", "2", "0", "Esc", "7", "5", "3", "6", "9"}[i / 10 % 10]);
    terminal_pump(&term, i % 4);
  }
  tap_ok(!term.ended, "%d sizes, down to 1 x 1, in a moment: it is still there", n);
  terminal_resize(&term, 100, 30);
  terminal_keys(&term, "Esc Esc 1");
  becomes(before, "and the screen of the first size is what it was");
  free(before);
  terminal_keys(&term, "q");
  ends(0, "after the storm");
}

/* The least size shows each screen's name; one less says what is wanted. */
static void least_size(void)
{
  static const char *const name[] = {"[0", "[1", "[2", "[3", "[4", "[5", "[6", "[7", "[8", "[9"};
  open_at(40, 10, "C.UTF-8");
  for (int i = 9; i > 0; i--) {
    terminal_keys(&term, (char[]){(char)('0' + i), '\0'});
    tap_ok(terminal_await(&term, name[i]), "40 x 10 shows screen %d", i);
  }
  terminal_resize(&term, 39, 10);
  terminal_shows(&term, "at least 40 x 10", "39 x 10 is told to be too small");
  terminal_resize(&term, 40, 9);
  terminal_shows(&term, "at least 40 x 10", "so is 40 x 9");
  terminal_keys(&term, "q");
  ends(0, "too small a terminal");
}

/* --- answers -------------------------------------------------------------------------------------------------------------- */

/* What the terminal says of its background comes among the keys, whole or in pieces, and is not taken for them: "9" would go
 * to another screen, "q" leave. An answer without end is none, and keys work again. */
static void answers(void)
{
  static const char *const piece[] = {"\033", "]11;rgb:9", "999/99", "99/9999", "\033", "\\"};
  open_at(80, 24, "C.UTF-8");
  for (size_t i = 0; i < sizeof piece / sizeof *piece; i++) {
    terminal_type(&term, piece[i]);
    if (i)
      terminal_settle(&term, 10);
  }
  terminal_settle(&term, 200);
  tap_has(terminal_text(&term), "[1 Runs]", "an answer in pieces is no key");
  VTermScreenCell cell = terminal_cell(&term, 0, 1);
  tap_is_int(VTERM_COLOR_IS_INDEXED(&cell.fg) ? cell.fg.indexed.idx : -1, 19, "and is understood: #999999 is light");
  terminal_keys(&term, "q");
  ends(0, "after an answer");
  open_at(80, 24, "C.UTF-8");
  terminal_type(&term, "\033]11;rgb:99");
  terminal_settle(&term, 700);
  terminal_keys(&term, "9");
  tap_ok(terminal_await(&term, "[9 Query]"), "an answer that breaks off holds up no key");
  terminal_keys(&term, "q");
  ends(0, "after half an answer");
}

/* Bytes that stand in the terminal for whoever reads next. */
static int left_to_read(const struct terminal *t)
{
  struct termios raw = t->before;
  int n = -1, fd = open(ptsname(t->fd), O_RDONLY | O_NOCTTY | O_NONBLOCK);
  cfmakeraw(&raw);
  if (fd < 0 || tcsetattr(fd, TCSANOW, &raw) != 0 || ioctl(fd, FIONREAD, &n) != 0)
    tap_bail("the terminal cannot be looked at");
  close(fd);
  return n;
}

/* The answer to a question that nobody waits for any more is not left to the shell. */
static void leaves_at_once(void)
{
  static const struct terminal_answer white[] = {{"\033]11;?\033\\", "q\033]11;rgb:ffff/ffff/ffff\033\\"}, {0}};
  terminal_workbench(&term, 80, 24, path, fixture_dir, "C.UTF-8", NULL);
  term.answers = white; /* the key comes first: the program goes without reading on */
  tap_is_int(terminal_end(&term), 0, "who leaves at once leaves well");
  tap_is_int(left_to_read(&term), 0, "and leaves no answer for the shell");
  terminal_free(&term);
}

/* --- hostile text ---------------------------------------------------------------------------------------------------------- */

/* Escape sequences, C0, DEL, C1 (as UTF-8 and bare), marks that reorder, separators, a BOM, cut and overlong UTF-8; then
 * what is harmless but wide, narrow or combining; and a long line. */
#define NASTY "n\033]0;title\a\033[2J\b\177\r\xc2\x9b" "31m\x9b\xe2\x80\xae\xe2\x81\xa6\xe2\x80\xa8\xef\xbb\xbf\xff\xe2\x80\xc0\xaf" "e\xcc\x81\xe4\xb8\xad\xe6\x96\x87|"

static void make_hostile(const char *db_path)
{
  static const char *const change[] = {
    "UPDATE run SET note = ?1, error = ?1 || ?2", "UPDATE experiment SET name = name || ?1, summary = ?1", "UPDATE experiment_script SET name = ?1",
    "UPDATE script SET text = ?1 || char(10) || ?1", "INSERT INTO tag SELECT id, ?1 FROM run", "UPDATE result SET value = ?1 WHERE typeof(value) = 'text'",
    "UPDATE param SET value = value || ?1 WHERE key IN ('schedule', 'method')", "UPDATE metric_key SET name = name || ?1",
    "UPDATE result SET key = 'plain ' || ?1 || ' @0.5' WHERE key = 'tuned error @0.5'",
    "INSERT INTO result SELECT run_id, ?1 || ?2, 1 FROM result WHERE key = 'gap'", "INSERT INTO param SELECT id, ?1 || id, ?1 FROM run",
    "UPDATE run SET host = ?1", "INSERT OR IGNORE INTO environment VALUES (77, 'h', json_object('cpu', 'a' || char(27) || '[2J'))", "UPDATE run SET environment_id = 77",
    "INSERT INTO verdict (paper, verdict, created_at) VALUES (?1, 'holds', ?1)",
    "UPDATE run SET config = json_set(config, '$.schedule', 'c' || char(27) || '[31m' || char(0x202e)) WHERE id % 2"};
  char longer[20001];
  memset(longer, 'x', sizeof longer - 1);
  longer[sizeof longer - 1] = '\0';
  sqlite3 *db;
  if (sqlite3_open(db_path, &db) != SQLITE_OK)
    tap_bail("%s", sqlite3_errmsg(db));
  for (size_t i = 0; i < sizeof change / sizeof *change; i++) {
    sqlite3_stmt *s;
    if (sqlite3_prepare_v2(db, change[i], -1, &s, NULL) != SQLITE_OK)
      tap_bail("%s: %s", change[i], sqlite3_errmsg(db));
    sqlite3_bind_text(s, 1, NASTY, -1, SQLITE_STATIC);
    if (sqlite3_bind_parameter_count(s) > 1)
      sqlite3_bind_text(s, 2, longer, -1, SQLITE_STATIC);
    if (sqlite3_step(s) != SQLITE_DONE)
      tap_bail("%s: %s", change[i], sqlite3_errmsg(db));
    sqlite3_finalize(s);
  }
  sqlite3_close(db);
}

/* What of the hostile text has reached the terminal as it stands; "" when none. */
static const char *leaked(const char *sent)
{
  static const struct { const char *bytes, *name; } part[] = {
    {"\033]0;", "a title"}, {"\a", "a bell"}, {"\177", "DEL"}, {"\xc2\x9b", "C1"}, {"\xe2\x80\xae", "a bidi override"}, {"\xe2\x81\xa6", "a bidi isolate"},
    {"\xe2\x80\xa8", "a line separator"}, {"\xef\xbb\xbf", "a BOM"}, {"\xcc\x81\xe4", "a combining mark before a wide character"}};
  for (size_t i = 0; i < sizeof part / sizeof *part; i++)
    if (strstr(sent, part[i].bytes))
      return part[i].name;
  for (size_t left = strlen(sent); left;) {
    utf8proc_int32_t c;
    utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)sent, (utf8proc_ssize_t)left, &c);
    if (n < 1)
      return "bytes that are no UTF-8";
    sent += n;
    left -= (size_t)n;
  }
  return "";
}

/* Every screen, its pages and menus. */
static void visit_all(void)
{
  static const char *const keys[] = {"Enter", "Tab Tab Tab", "1 z Down Enter", "Tab Tab", "1 Esc z * 3", "4 m Enter", "Esc 5 m Enter", "Esc 6 m Tab", "7 Enter", "Esc 8",
                                     "9 F Enter", "1 c", "Esc ?", "Esc :", "Esc / Tab Tab", "Esc t Tab", "Esc e Esc"};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    terminal_keys(&term, keys[i]);
    terminal_settle(&term, 50);
  }
}

static void hostile(int width, int height, const char *locale)
{
  open_at(width, height, locale);
  visit_all();
  tap_is_str(leaked(term.sent), "", "%d x %d, %s: nothing of the store's text acts on the terminal", width, height, locale);
  bool high = false;
  for (size_t i = 0; i < term.n_sent; i++)
    high = high || (term.sent[i] & 0x80);
  tap_ok(high == (strcmp(locale, "C") != 0), "%d x %d, %s: %s", width, height, locale, high ? "UTF-8 is sent" : "nothing beyond ASCII is sent");
  tap_ok(!term.ended, "%d x %d, %s: every screen was seen", width, height, locale);
  terminal_keys(&term, "Esc Esc Esc q");
  ends(0, "a hostile store");
}

int main(void)
{
  bool sanitized = getenv("ASSAY_SANITIZED") != NULL;
  snprintf(path, sizeof path, "%s", fixture_path("terminal.db"));
  golden_store(path);
  stops("Ctrl-Z", by_key);
  stops("SIGTSTP", by_signal);
  resized_while_stopped();
  frozen();
  kinds();
  true_colours();
  asked_for_colours();
  own_colours();
  ended_by(SIGTERM, 143, "SIGTERM");
  ended_by(SIGHUP, 129, "SIGHUP");
  ended_by(SIGINT, 130, "SIGINT");
  ended_by(SIGABRT, 134, "SIGABRT");
  if (sanitized)
    tap_skip(3, "a sanitizer has its own way with SIGSEGV");
  else
    ended_by(SIGSEGV, 139, "SIGSEGV");
  ended_in("? Down", "SIGTERM in a pop-up");
  ended_in("/ sched", "SIGTERM in a line being typed");
  ended_in("0", "SIGTERM in the prompt");
  loses_terminal();
  resize_storm();
  least_size();
  answers();
  leaves_at_once();
  make_hostile(path);
  hostile(120, 40, "C.UTF-8");
  hostile(80, 24, "C");
  fixture_done();
  return tap_done();
}
