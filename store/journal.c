/* journal.c: which journal a store uses.
 *
 * WAL needs shared memory and locks that work; network file systems give neither, and some lie about what
 * they are. So the type is looked up in /proc/self/mountinfo against a list of known local types, anything
 * else gets a rollback journal with full sync, and what the pragma returned is checked.
 *
 * There the writer does not also lock the file for good (locking_mode = EXCLUSIVE): where file locks work, that would
 * only keep `ls` and `show` out for as long as a sweep runs, and where they do not, it would protect nothing. A second
 * writer is kept out by the row in `writer` (owner.c), which needs no file locks. */
#include "store/store_int.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>

static const char *const local_types[] = {
  "bcachefs", "btrfs", "exfat", "ext2", "ext3", "ext4", "f2fs", "hfsplus", "jfs", "nilfs2", "ntfs3", "overlay",
  "ramfs", "reiserfs", "tmpfs", "ubifs", "vfat", "xfs", "zfs",
};

/* Does the mount point `mount` (octal escapes resolved) hold `path`? */
static bool holds(const char *mount, const char *path)
{
  size_t n = strlen(mount);
  if (n == 1 && mount[0] == '/')
    return true;
  return strncmp(mount, path, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static void unescape(char *s)
{
  char *out = s;
  for (; *s; s++)
    if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
      *out++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
      s += 3;
    } else {
      *out++ = *s;
    }
  *out = '\0';
}

bool store_path_is_local(const char *mountinfo, const char *path, char type[64])
{
  size_t best = 0;
  snprintf(type, 64, "unknown");
  for (const char *line = mountinfo; line && *line; line = strchr(line, '\n'), line += line != NULL) {
    char text[8192], mount[4096], found[64];
    snprintf(text, sizeof text, "%.*s", (int)strcspn(line, "\n"), line);
    const char *dash = strstr(text, " - ");
    if (!dash || sscanf(text, "%*s %*s %*s %*s %4095s", mount) != 1 || sscanf(dash + 3, "%63s", found) != 1)
      continue;
    unescape(mount);
    if (holds(mount, path) && strlen(mount) >= best) { /* later mounts cover earlier ones */
      best = strlen(mount);
      snprintf(type, 64, "%s", found);
    }
  }
  for (size_t i = 0; i < sizeof local_types / sizeof *local_types; i++)
    if (strcmp(type, local_types[i]) == 0)
      return true;
  return false;
}

static char *read_all(const char *path)
{
  FILE *f = fopen(path, "r");
  size_t size = 0, n;
  char *text = store_alloc(NULL, 1), block[4096];
  while (f && (n = fread(block, 1, sizeof block, f)) > 0) {
    text = store_alloc(text, size + n + 1);
    memcpy(text + size, block, n);
    size += n;
  }
  if (f)
    fclose(f);
  text[size] = '\0';
  return text;
}

/* By statfs: only where mountinfo names no mount at all for the path, as inside a chroot; some network file systems
 * claim to be another here. */
bool store_magic_is_local(const char *path)
{
  static const unsigned long magic[] = {0xef53 /* ext2 to 4 */, 0x58465342 /* xfs */, 0x9123683e /* btrfs */,
                                        0x01021994 /* tmpfs */, 0x794c7630 /* overlay */, 0xf2f52010 /* f2fs */,
                                        0x2fc12fc1 /* zfs */};
  struct statfs st;
  if (statfs(path, &st) != 0)
    return false;
  for (size_t i = 0; i < sizeof magic / sizeof *magic; i++)
    if ((unsigned long)st.f_type == magic[i])
      return true;
  return false;
}

static bool is_local(const char *path)
{
  char real[PATH_MAX], type[64] = "";
  char *mountinfo = read_all("/proc/self/mountinfo");
  bool local = realpath(path, real) && store_path_is_local(mountinfo, real, type);
  free(mountinfo);
  return local || (strcmp(type, "unknown") == 0 && store_magic_is_local(path));
}

/* Ask for a journal mode and see what came. Changing it needs the file for an instant alone, and SQLite
 * does not wait for that by itself: when many processes open a new store at once, all but one try again. */
static int ask(struct store *s, const char *sql, char got[16])
{
  double deadline = store_clock() + 30;
  for (;;) {
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);
    if (rc == SQLITE_OK)
      rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) {
      const unsigned char *mode = sqlite3_column_text(st, 0);
      snprintf(got, 16, "%s", mode ? (const char *)mode : "");
    }
    int code = rc == SQLITE_ROW ? STORE_OK : store_fail_sqlite(s, "choosing the journal");
    sqlite3_finalize(st);
    if (code != STORE_BUSY || store_clock() > deadline)
      return code;
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
  }
}

int store_journal_set(struct store *s) { return store_journal_choose(s, is_local(s->path)); }

int store_journal_choose(struct store *s, bool local)
{
  char got[16] = "";
  int code = ask(s, local ? "PRAGMA journal_mode = WAL" : "PRAGMA journal_mode = TRUNCATE", got);
  if (code)
    return code;
  s->wal = strcmp(got, "wal") == 0;
  if (!local && s->wal)
    return store_fail(s, STORE_BUSY, "%s: is on a network file system and another process holds it in WAL mode; "
                      "end that process first", s->path);
  /* A larger log between checkpoints: each checkpoint syncs twice. */
  return store_exec(s, s->wal ? "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000"
                              : "PRAGMA synchronous = FULL; PRAGMA mmap_size = 0");
}
