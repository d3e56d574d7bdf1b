/* store.c: fuzz target: a store's file, opened for reading and for writing. Every view and table is read to its end, or to its limits,
 * the check runs, and what can be written is. A damaged, truncated or foreign file may be refused with a code and a message. */
#include <string.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "store/store.h"
#include "tests/fuzz/fuzz.h"

static char folder[64], path[96];

static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};

static void remove_files(void)
{
  char name[128];
  for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
    snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
    unlink(name);
  }
}

static void remove_folder(void)
{
  remove_files();
  rmdir(folder);
}

/* In memory where the machine has a folder there: what is written need not be synced. */
static void make_folder(void)
{
  if (folder[0])
    return;
  struct stat st;
  snprintf(folder, sizeof folder, "%s/assay-fuzz-XXXXXX", stat("/dev/shm", &st) == 0 ? "/dev/shm" : "/tmp");
  if (!mkdtemp(folder))
    abort();
  snprintf(path, sizeof path, "%s/store.db", folder);
  atexit(remove_folder);
}

static void put(const uint8_t *data, size_t n)
{
  make_folder();
  remove_files();
  FILE *f = fopen(path, "wb");
  if (!f || fwrite(data, 1, n, f) != n || fclose(f) != 0)
    abort();
}

/* A code is 0, or negative with a message. */
static void expect(int code, const char *message)
{
  if (code > 0 || (code < 0 && !message[0])) {
    fprintf(stderr, "code %d, and the message is \"%s\"\n", code, message);
    abort();
  }
}

static void read_all(struct store *s, const char *sql)
{
  enum { ROWS_MAX = 2000 };
  struct store_query *q = NULL;
  struct store_limits limits = {.seconds = 0.2};
  volatile size_t bytes = 0;
  bool row = true;
  int code = store_query_open(&q, s, sql, &limits);
  for (int i = 0; code == STORE_OK && i < ROWS_MAX; i++) {
    code = store_query_next(q, &row);
    for (size_t k = 0; code == STORE_OK && row && k < store_query_columns(q); k++) {
      struct store_cell c = store_query_cell(q, k);
      for (size_t j = 0; (c.type == STORE_TEXT || c.type == STORE_BLOB) && j < c.size; j++)
        bytes = bytes + (unsigned char)c.text[j];
    }
    if (!row)
      break;
  }
  expect(code, store_message(s));
  store_query_close(q);
}

static void look(void)
{
  static const char *const queries[] = {
    "SELECT * FROM runs", "SELECT * FROM metrics", "SELECT * FROM results", "SELECT * FROM params", "SELECT * FROM trash",
    "SELECT * FROM experiment", "SELECT * FROM script", "SELECT * FROM environment", "SELECT * FROM artifact", "SELECT * FROM tag",
    "SELECT * FROM verdict", "SELECT run_id, max(step), total(value) FROM metric GROUP BY run_id, key_id",
  };
  struct store *s = NULL;
  struct store_check check;
  char message[1024] = "";
  int code = store_open(&s, path, STORE_READ, message, sizeof message);
  expect(code, message);
  for (size_t i = 0; code == STORE_OK && i < sizeof queries / sizeof *queries; i++)
    read_all(s, queries[i]);
  if (code == STORE_OK)
    expect(store_integrity(s, true, &check), store_message(s));
  store_close(s);
}

/* A run of the one experiment, as in a sweep. Any of it may fail; then the rest is tried all the same. */
static void write_run(struct store *s)
{
  int64_t experiment = 0, run = 0;
  char hash[33];
  struct store_script script = {"a.lua", "return 1", 8};
  int code = store_experiment(s, "fuzz", "a summary", &script, 1, "{}", &experiment, hash);
  expect(code, store_message(s));
  code = store_run_begin(s, &(struct store_run_start){.experiment_id = experiment, .config_json = "{\"lr\":0.1}",
                                                      .config_hash = "0123456789abcdef0123456789abcdef", .seed = 1, .worker_pid = 1}, &run);
  expect(code, store_message(s));
  for (int64_t i = 0; code == STORE_OK && i < 40; i++)
    expect(store_metric(s, run, "loss", i, 1.0 / (double)(i + 1)), store_message(s));
  expect(store_result_number(s, run, "error", 0.5), store_message(s));
  expect(store_artifact(s, run, &(struct store_artifact){.name = "a", .kind = "bytes", .content = "abc", .size = 3}), store_message(s));
  expect(store_run_end(s, run, &(struct store_run_end){.status = STORE_DONE, .wall_s = 1}), store_message(s));
}

static void alter(void)
{
  struct store *s = NULL;
  struct store_gc gc;
  char message[1024] = "";
  int64_t first = 1;
  int code = store_open(&s, path, STORE_WRITE, message, sizeof message);
  expect(code, message);
  if (code == STORE_OK) {
    write_run(s);
    expect(store_tag(s, 1, "found", true), store_message(s));
    expect(store_note(s, 1, "a note"), store_message(s));
    expect(store_trash(s, &first, 1, true), store_message(s));
    expect(store_gc(s, &gc), store_message(s));
  }
  store_close(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
  put(data, n);
  look();
  alter();
  return 0;
}

/* --- the seed: a small store in pages of 512 bytes, so that a change of a few bytes often hits something that is read ------- */

static void must(bool well, const char *what)
{
  if (!well) {
    fprintf(stderr, "the seed cannot be made: %s\n", what);
    abort();
  }
}

static void shrink(const char *file)
{
  sqlite3 *db;
  must(sqlite3_open(file, &db) == SQLITE_OK && sqlite3_exec(db, "PRAGMA page_size = 512; VACUUM", NULL, NULL, NULL) == SQLITE_OK, "pages of 512 bytes");
  sqlite3_close(db);
}

static size_t make_seed(uint8_t *bytes, size_t room)
{
  char message[1024], copy[112];
  struct store *s = NULL;
  make_folder();
  snprintf(copy, sizeof copy, "%s/copy.db", folder);
  must(store_open(&s, path, STORE_WRITE, message, sizeof message) == STORE_OK, message);
  write_run(s);
  must(store_publish(s, copy) == STORE_OK, store_message(s)); /* with a rollback journal: the page size can change */
  store_close(s);
  shrink(copy);
  FILE *f = fopen(copy, "rb");
  must(f != NULL, copy);
  size_t n = fread(bytes, 1, room, f);
  must(n < room, "it is larger than there is room");
  fclose(f);
  unlink(copy);
  return n;
}

const struct fuzz_seeds fuzz_seeds = {.suffix = {0}, .text = "SQLite format 3", .n_text = 16, .make = make_seed};
