/* victim.h: a store to be damaged, and the program's commands run on it in processes of their own: how each ended, what
 * it said, how long it took and how much memory. */
#ifndef ASSAY_TESTS_VICTIM_H
#define ASSAY_TESTS_VICTIM_H

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/app.h"
#include "store/store_int.h"
#include "tests/unit/store/fixture.h"

/* Processor time, which others on the machine do not lengthen (with the sanitizer, which slows down four times and more,
 * also four times); the clock is only there for what sleeps. */
#if defined(__SANITIZE_ADDRESS__)
enum { VICTIM_SECONDS = 40 };
#else
enum { VICTIM_SECONDS = 10 };
#endif
enum { VICTIM_PATIENCE_S = 120, VICTIM_RUNS = 5, VICTIM_POINTS = 400 };

#define VICTIM_DB "victim.db"

/* Every command that reads a store, then those that write; the ends of words that are NULL. */
static const char *const victim_commands[][7] = {
  {"ls"}, {"ls", "--runs"}, {"show", "1"}, {"show", "2", "--json"}, {"diff", "1", "2"}, {"plot", "loss"},
  {"query", "select * from runs", "--timeout", "3"}, {"query", "select count(*), avg(value) from metrics", "--timeout", "3"},
  {"query", "select * from results", "--format", "json"}, {"export"}, {"tag"}, {"ls", "--trash"}, {"doctor"}, {"doctor", "--full"},
  {"papers"}, {"gc", "--dry-run"},
  {"tag", "found", "1"}, {"note", "1", "a note"}, {"rm", "2"}, {"restore", "2"}, {"gc"},
};
enum { VICTIM_COMMANDS = sizeof victim_commands / sizeof *victim_commands };

struct ending {
  int status;              /* of waitpid */
  double cpu_s;
  long memory_kb;          /* at most; meaningless with sanitizers */
  char err[8192], out[8192]; /* their beginnings */
};

MAYBE_UNUSED static const char *victim_file(const char *name)
{
  static char path[4][160];
  static int turn;
  turn = (turn + 1) % 4;
  snprintf(path[turn], sizeof path[turn], "%s", fixture_path(name));
  return path[turn];
}

MAYBE_UNUSED static void victim_sql(const char *path, const char *sql)
{
  sqlite3 *db;
  sqlite3_open(path, &db);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
    tap_bail("%.200s: %s", sql, sqlite3_errmsg(db));
  sqlite3_close(db);
}

/* A store with a few runs, a tag and a note, in one file. */
MAYBE_UNUSED static void victim_make(const char *path)
{
  struct store *s;
  char message[1024];
  if (store_open(&s, path, STORE_WRITE, message, sizeof message))
    tap_bail("%s", message);
  int64_t experiment = fixture_experiment(s), run = 0;
  for (int r = 0; r < VICTIM_RUNS; r++) {
    char config[80];
    int pair = r / 2; /* runs that differ by their seed */
    snprintf(config, sizeof config, "{\"lr\":%g,\"name\":\"run %d\",\"seed\":%d}", 0.1 * pair, pair, r % 2);
    run = fixture_run(s, experiment, config, r % 2);
    for (int i = 0; i < VICTIM_POINTS; i++)
      store_metric(s, run, i % 2 ? "loss" : "error", i, 1.0 / (i + 1 + r));
    store_result_number(s, run, "accuracy", 0.5 + 0.01 * r);
    store_result_text(s, run, "label", "a text");
    store_run_end(s, run, &(struct store_run_end){.status = r == 3 ? STORE_FAILED : STORE_DONE, .error = r == 3 ? "an error" : NULL});
  }
  store_tag(s, 1, "good", true);
  store_note(s, 1, "seen by nobody");
  store_trash(s, &run, 1, true);
  store_close(s);
  victim_sql(path, "PRAGMA journal_mode = DELETE");
}

/* The beginning of a file, as text. */
MAYBE_UNUSED static void victim_read(const char *path, char *out, size_t size)
{
  FILE *f = fopen(path, "rb");
  size_t n = f ? fread(out, 1, size - 1, f) : 0;
  out[n] = '\0';
  if (f)
    fclose(f);
}

/* In the child: the program with these words on the victim, its output in files. */
_Noreturn MAYBE_UNUSED static void victim_child(const char *const words[7])
{
  char *argv[12] = {strdup("assay"), strdup("--db"), strdup(victim_file(VICTIM_DB))};
  int argc = 3;
  for (size_t i = 0; i < 7 && words[i]; i++)
    argv[argc++] = strdup(words[i]);
  setrlimit(RLIMIT_CPU, &(struct rlimit){VICTIM_SECONDS, VICTIM_SECONDS + 1});
  alarm(VICTIM_PATIENCE_S);
  if (!freopen(victim_file("out"), "w", stdout) || !freopen(victim_file("err"), "w", stderr) || !freopen("/dev/null", "r", stdin))
    _exit(99);
  setvbuf(stderr, NULL, _IONBF, 0);
  signal(SIGXCPU, SIG_DFL);
  int code = program_main(argc, argv);
  fflush(stdout);
  _exit(code);
}

MAYBE_UNUSED static struct ending victim_run(const char *const words[7])
{
  struct ending e = {0};
  struct rusage usage = {0};
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0)
    victim_child(words);
  if (pid < 0 || wait4(pid, &e.status, 0, &usage) != pid)
    tap_bail("no child process");
  e.cpu_s = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + 1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  e.memory_kb = usage.ru_maxrss;
  victim_read(victim_file("out"), e.out, sizeof e.out);
  victim_read(victim_file("err"), e.err, sizeof e.err);
  return e;
}

/* What is wrong with this end, or NULL. A refusal has a message, and a damage its recipe. */
MAYBE_UNUSED static const char *victim_problem(const struct ending *e)
{
  if (WIFSIGNALED(e->status))
    return WTERMSIG(e->status) == SIGXCPU || WTERMSIG(e->status) == SIGALRM ? "takes too long" : "is killed by a signal";
  if (strstr(e->err, "Sanitizer") || strstr(e->err, "runtime error"))
    return "the sanitizer finds something";
  int code = WEXITSTATUS(e->status);
  if (code > 2)
    return "leaves with a code of its own";
  if (code == 2 && !e->err[0] && !e->out[0])
    return "fails without a word";
  if (strstr(e->err, ": damaged") && !strstr(e->err, "go back to a copy"))
    return "tells of a damage without how to rescue";
  return NULL;
}

/* "assay show 1" */
MAYBE_UNUSED static const char *victim_words(const char *const words[7])
{
  static char text[200];
  size_t n = (size_t)snprintf(text, sizeof text, "assay");
  for (size_t i = 0; i < 7 && words[i]; i++)
    n += (size_t)snprintf(text + n, sizeof text - n, " %s", words[i]);
  return text;
}

#endif
