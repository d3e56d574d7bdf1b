/* methods.def against the files on disk: every descriptor in the source is registered, once, in order. */
#include <dirent.h>
#include <stdio.h>

#include "tests/conformance/walk.h"

#define NAMES_MAX 4096

struct names {
  size_t n;
  char *name[NAMES_MAX]; /* "schedule cosine" */
};

static void add(struct names *list, const char *kind, const char *name)
{
  if (list->n < NAMES_MAX)
    list->name[list->n++] = xasprintf("%s %s", kind, name);
}

static bool has(const struct names *list, const char *name)
{
  for (size_t i = 0; i < list->n; i++)
    if (strcmp(list->name[i], name) == 0)
      return true;
  return false;
}

static void read_lines(const char *path, void (*line_of)(struct names *out, const char *line), struct names *out)
{
  char line[1024];
  FILE *f = fopen(path, "r");
  if (!f)
    tap_bail("cannot read %s", path);
  while (fgets(line, sizeof line, f))
    line_of(out, line);
  fclose(f);
}

/* METHOD(schedule, cosine) */
static void def_line(struct names *out, const char *line)
{
  char kind[64], name[128];
  if (sscanf(line, "METHOD(%63[a-z], %127[a-z0-9_])", kind, name) == 2)
    add(out, kind, name);
}

/* const struct schedule schedule_cosine = { */
static void source_line(struct names *out, const char *line)
{
  char type[64], symbol[192];
  if (sscanf(line, "const struct %63[a-z_] %191[a-z0-9_] = {", type, symbol) != 2)
    return;
  for (int k = 1; k < KIND_COUNT; k++) {
    const char *kind = kind_name((enum kind)k);
    size_t n = strlen(kind);
    bool same_type = strcmp(type, kind) == 0 || (strncmp(type, kind, n) == 0 && strcmp(type + n, "_method") == 0);
    if (same_type && strncmp(symbol, kind, n) == 0 && symbol[n] == '_')
      add(out, kind, symbol + n + 1);
  }
}

static void scan(const char *dir, struct names *out)
{
  DIR *d = opendir(dir);
  if (!d)
    return;
  for (struct dirent *entry; (entry = readdir(d));) {
    size_t n = strlen(entry->d_name);
    if (n < 3 || strcmp(entry->d_name + n - 2, ".c") != 0)
      continue;
    char *path = xasprintf("%s/%s", dir, entry->d_name);
    read_lines(path, source_line, out);
    free(path);
  }
  closedir(d);
}

static const char *missing(const struct names *from, const struct names *in)
{
  for (size_t i = 0; i < from->n; i++)
    if (!has(in, from->name[i]))
      return from->name[i];
  return NULL;
}

int main(void)
{
  static const char *const folders[] = {"data", "models", "optim", "schedules", "probe", "bounds", "pruning", "objective",
                                        "minimize"};
  static struct names listed, found;
  const char *source = source_dir(), *name;
  if (!source) {
    tap_skip(4, "the source is not here: run from its folder or set ASSAY_SOURCE");
    return tap_done();
  }
  char *def = xasprintf("%s/experiments/methods.def", source);
  read_lines(def, def_line, &listed);
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
    char *dir = xasprintf("%s/experiments/%s", source, folders[i]);
    scan(dir, &found);
    free(dir);
  }
  name = missing(&found, &listed);
  tap_ok(!name, "every descriptor in the source stands in methods.def%s%s", name ? ": not so " : "", name ? name : "");
  name = missing(&listed, &found);
  tap_ok(!name, "every line of methods.def has its descriptor%s%s", name ? ": not so " : "", name ? name : "");
  tap_is_int((long long)listed.n, (long long)registry_count(), "the registry holds what methods.def lists");
  bool same = listed.n == registry_count();
  for (size_t i = 0; i < listed.n && same; i++) {
    char *line = xasprintf("%s %s", kind_name(registry_at(i)->kind), registry_at(i)->id);
    for (char *c = line; *c; c++)
      *c = *c == '-' ? '_' : *c;
    same = strcmp(line, listed.name[i]) == 0;
    if (!same)
      tap_diag("line %zu is \"%s\", the registry has \"%s\" there", i + 1, listed.name[i], line);
    free(line);
  }
  tap_ok(same, "in the same order, by kind and id, under the id's own name");
  for (size_t i = 0; i < listed.n; i++)
    free(listed.name[i]);
  for (size_t i = 0; i < found.n; i++)
    free(found.name[i]);
  free(def);
  return tap_done();
}
