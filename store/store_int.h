/* store_int.h: what the files of store/ share. Included by store/ and its own tests only. */
#ifndef ASSAY_STORE_INT_H
#define ASSAY_STORE_INT_H

#include <sqlite3.h>

#include "store/store.h"

enum { STORE_APPLICATION_ID = 0x61737379, STORE_FORMAT = 2 };

/* Who a process is, so that another can tell whether it still lives (owner.c). */
struct owner {
  char host[256], boot_id[64], pid_ns[64];
  int64_t pid, pid_start;
};
enum owner_state { OWNER_ALIVE, OWNER_DEAD, OWNER_UNKNOWN };

/* Every statement that is prepared once and kept; their texts stand in store.c. */
enum stmt_id {
  STMT_BEGIN, STMT_COMMIT, STMT_ROLLBACK, STMT_HEARTBEAT,
  STMT_FIND_DONE, STMT_RUN_BEGIN, STMT_PARAM, STMT_RUN_END, STMT_RESULT, STMT_RESULT_DERIVED, STMT_ARTIFACT,
  STMT_KEY_ADD, STMT_POINT, STMT_POINTS,
  STMT_COUNT
};

struct buffer; /* metrics and results not yet written (buffer.c) */

struct store {
  sqlite3 *db;
  char *path;
  enum store_mode mode;
  bool wal;              /* else rollback journal, every commit with full sync */
  bool newer;            /* of a later format: read only, and queries are limited in time */
  bool is_writer;        /* holds the row of `writer` */
  int restricted;        /* > 0: the authorizer lets only reading through */
  const struct store_query *watched; /* whose limits the progress handler looks at */
  char message[2048];
  char rescue[1024];     /* the last answer of store_rescue() */
  struct owner self;
  char token[33];
  sqlite3_stmt *stmt[STMT_COUNT];
  struct buffer *buffer;
};

/* store.c */
int store_fail(struct store *s, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
int store_fail_sqlite(struct store *s, const char *doing);      /* the last error of s->db, translated */
int store_exec(struct store *s, const char *sql);
int store_stmt(struct store *s, enum stmt_id id, sqlite3_stmt **out);
int store_run(struct store *s, sqlite3_stmt *st, const char *doing); /* step a statement without rows; reset */
int store_scalar(struct store *s, const char *sql, int64_t *out);    /* first column of the first row; 0 if none */
int store_begin(struct store *s);
int store_commit(struct store *s);                               /* on failure rolls back */
void store_rollback(struct store *s);
int store_finish(struct store *s, int code);                     /* end a transaction as `code` tells */
int store_prepare(struct store *s, const char *sql, sqlite3_stmt **st);
int store_writable(struct store *s);
int store_full_sync(struct store *s, bool on);                   /* around a commit that must be on disk */
void store_now(char out[32]);                                    /* UTC, milliseconds */
double store_clock(void);                                        /* monotonic seconds */
int store_random_hex(char out[33]);
void store_hash_hex(const void *data, size_t size, char out[33]);
char *store_copy(const char *s);                                  /* on the heap */
void *store_alloc(void *old, size_t size);                       /* realloc that ends the process: small sizes */

/* journal.c */
/* Is `path` on a file system where WAL is safe? `mountinfo` is the text of /proc/self/mountinfo. */
bool store_path_is_local(const char *mountinfo, const char *path, char type[64]);
bool store_magic_is_local(const char *path);                     /* what statfs says, for paths that mountinfo does not name */
int store_journal_set(struct store *s);                          /* by where the file lies */
int store_journal_choose(struct store *s, bool local);

/* migrate.c */
struct migrate_step { int version; const char *sql; };           /* brings version - 1 to version; ends with {0} */
int store_create(struct store *s);                               /* the schema, if the file is empty */
int store_migrate(struct store *s, int to, const struct migrate_step *steps);
int store_migrate_known(struct store *s);                        /* with the steps of store/migrate/ */
int store_check_schema(struct store *s);                         /* our tables and views as we make them */
int store_check_triggers(struct store *s);                       /* nothing runs by itself; before the first write */

/* owner.c */
void owner_self(struct owner *o);
enum owner_state owner_check(const struct owner *self, const struct owner *o);
int store_take_writer(struct store *s, double wait_s);
int store_heartbeat(struct store *s);                            /* inside a transaction; fails if another took over */
void store_leave_writer(struct store *s);
int store_mark_lost(struct store *s);

/* config.c */
struct json_t;
int store_config_params(struct store *s, int64_t run_id, const struct json_t *config);
int store_config_group(struct store *s, const struct json_t *config, char hash[33]);

/* buffer.c */
struct series_summary { const char *key; double last, min, max; };
int buffer_open(struct store *s);
void buffer_close(struct store *s);
int buffer_run_add(struct store *s, int64_t run_id);
void buffer_run_drop(struct store *s, int64_t run_id);
bool buffer_due(const struct store *s);
int buffer_write(struct store *s);                               /* inside a transaction */
void buffer_written(struct store *s);                            /* after its commit */
int buffer_summaries(struct store *s, int64_t run_id,
                     int (*visit)(struct store *s, int64_t run_id, const struct series_summary *m));

/* trash.c */
int store_empty_trash(struct store *s, struct store_gc *out);    /* inside a transaction */
int store_vacuum(struct store *s);

/* copy.c */
int store_copy_database(sqlite3 *from, const char *to, char *why, size_t why_size); /* SQLite's code */

/* reader.c */
int store_reader_guard(struct store *s);                         /* authorizer and defensive settings */

#endif
