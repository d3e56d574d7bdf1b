/* memory.c: every allocation of a job fails once. Each failure, in a process of its own, must end in a refusal
 * that says why and frees what it took, or (small book-keeping only, see mem.h) in the abort of xmalloc.
 *
 * The allocator is wrapped by defining malloc and its relatives here, over glibc's own entry points. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "experiments/kernel/mem.h"
#include "experiments/minimize/minimize.h"
#include "experiments/registry.h"
#include "experiments/train/train.h"
#include "store/store.h"
#include "tests/fixture.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#define SMALL (256u << 10) /* bytes: what may abort; a reader's fixed buffers are the largest of it */

/* --- the allocator --------------------------------------------------------------------------------- */

/* What the child that fails an allocation tells its parent, in shared memory. */
struct outcome {
  bool reached; /* there was such an allocation */
  size_t size;  /* its bytes */
  int code;     /* what the job returned */
  long leak;    /* pieces taken and not freed */
  char message[1024];
};

static struct outcome *out;
static bool armed;           /* between the start and the end of a job */
static long countdown, live; /* allocations until one fails (0: none does); taken and not freed */

#ifdef SANITIZED /* it has an allocator of its own: nothing fails here, but all compiles */
#define TAKES_PART 0
#else
#define TAKES_PART 1
extern void *__libc_malloc(size_t size), *__libc_calloc(size_t n, size_t size), *__libc_realloc(void *p, size_t size);
extern void *__libc_memalign(size_t align, size_t size), __libc_free(void *p);

static bool fails(size_t size)
{
  if (!armed || countdown == 0 || --countdown > 0)
    return false;
  out->reached = true;
  out->size = size;
  errno = ENOMEM;
  return true;
}

static void *taken(void *p)
{
  live += armed && p;
  return p;
}

void *malloc(size_t size) { return fails(size) ? NULL : taken(__libc_malloc(size)); }
void *calloc(size_t n, size_t size) { return fails(n * size) ? NULL : taken(__libc_calloc(n, size)); }
void *aligned_alloc(size_t align, size_t size) { return fails(size) ? NULL : taken(__libc_memalign(align, size)); }

void *realloc(void *old, size_t size)
{
  if (fails(size))
    return NULL;
  return old ? __libc_realloc(old, size) : taken(__libc_malloc(size));
}

void free(void *p)
{
  live -= armed && p;
  __libc_free(p);
}
#endif

/* --- the jobs: 0 done, else refused with a message ------------------------------------------------ */

static char folder[64], message[1024];
static struct fixture few;
static struct object model, loss, sampler, optimizer, schedule, average;

static int refused(enum status s, const struct err *e)
{
  snprintf(message, sizeof message, "%s", e->message);
  return s == STATUS_OK ? 0 : s == STATUS_NO_MEMORY ? 1 : 2;
}

static int parse(void)
{
  struct object o = {0};
  struct err e = {0};
  const struct named_value v[] = {set_real("peak", 0.5), set_string("warmup_shape", "cosine")};
  enum status s = registry_object(&o, KIND_SCHEDULE, "wsd", v, 2, &e);
  object_free(&o);
  return refused(s, &e);
}

static int load(const char *id, const struct named_value *v, size_t n)
{
  struct object o = {0};
  struct err e = {0};
  struct exec x = {.threads = 1};
  struct data_env env = {.exec = &x, .base_dir = folder};
  struct dataset *data = NULL;
  enum status s = registry_object(&o, KIND_DATA, id, v, n, &e);
  if (s == STATUS_OK)
    s = dataset_load(&data, &o, &env, &e);
  if (s == STATUS_OK)
    dataset_release(data);
  object_free(&o);
  return refused(s, &e);
}

static int load_csv(void) { return load("csv", (struct named_value[]){set_string("file", "few.csv"), set_string("header", "no")}, 2); }

static int load_mixture(void)
{
  return load("gaussian-mixture", (struct named_value[]){set_real("train", 64), set_real("valid", 16), set_real("test", 16)}, 3);
}

/* An objective on the few rows of the file, or of its own, and three passes of a method. */
static const char *objective_id, *minimizer_id;

static int minimize(void)
{
  struct object of = {0}, by = {0}, data = {0};
  struct err e = {0};
  struct data_env env = {.base_dir = folder};
  struct objective_env all = {.data = &env};
  struct objective *f = NULL;
  struct minimize m = {0};
  double *w = NULL;
  const struct named_value csv[] = {set_string("file", "few.csv"), set_string("header", "no")};
  enum status s = registry_object(&data, KIND_DATA, "csv", csv, 2, &e);
  const struct named_value on[] = {{"data", {.kind = VALUE_OBJECT, .as.object = &data}}};
  size_t n = params_find(registry_find(KIND_OBJECTIVE, objective_id), "data") != NULL;
  if (s == STATUS_OK)
    s = registry_object(&of, KIND_OBJECTIVE, objective_id, on, n, &e);
  if (s == STATUS_OK)
    s = registry_object(&by, KIND_MINIMIZER, minimizer_id, NULL, 0, &e);
  if (s == STATUS_OK)
    s = objective_make(&f, &of, &all, &e);
  if (s == STATUS_OK) {
    w = xcalloc(f->d, sizeof *w);
    minimize_init(&m, NULL, f, w, 3);
    s = minimize_run(&by, &m, &e);
  }
  minimize_free(&m);
  free(w);
  objective_release(f);
  object_free(&of), object_free(&by), object_free(&data);
  return refused(s, &e);
}

static int build(void)
{
  static struct net net;
  struct err e = {0};
  return refused(model_build(&net, &model, &loss, &few.data, &e), &e);
}

static int train(void)
{
  struct err e = {0};
  struct exec x = {.threads = 1};
  struct train_group g = {.data = &few.data, .model = &model, .loss = &loss, .sampler = &sampler, .batch = 8, .steps = 12, .eval_every = 4};
  struct train_replica r[3];
  struct train_result result[3] = {0};
  for (size_t i = 0; i < 3; i++)
    r[i] = (struct train_replica){.optimizer = &optimizer, .schedule = &schedule, .average = &average, .init_seed = i, .keep_weights = true};
  enum status s = train_run(&x, &g, r, 3, NULL, result, &e);
  for (size_t i = 0; i < 3; i++) {
    if (s == STATUS_OK && result[i].status != STATUS_OK) {
      s = result[i].status;
      e = result[i].error;
    }
    train_result_free(&result[i]);
  }
  return refused(s, &e);
}

/* Add one run to the store in the folder. */
static int add_run(void)
{
  struct store *s = NULL;
  char path[128], hash[33];
  int64_t experiment = 0, run = 0;
  struct store_script script = {"exp.lua", "return {}", 9};
  snprintf(path, sizeof path, "%s/runs.db", folder);
  int code = store_open(&s, path, STORE_WRITE, message, sizeof message);
  if (code)
    return 1;
  code = store_experiment(s, "exp", NULL, &script, 1, NULL, &experiment, hash);
  struct store_run_start start = {.experiment_id = experiment, .config_json = "{}", .config_hash = hash, .seed = 1};
  if (!code)
    code = store_run_begin(s, &start, &run);
  for (int64_t i = 0; !code && i < 50; i++)
    code = store_metric(s, run, "loss", i, 1);
  if (!code)
    code = store_result_text(s, run, "note", "kept");
  if (!code)
    code = store_run_end(s, run, &(struct store_run_end){.status = STORE_DONE});
  if (code)
    snprintf(message, sizeof message, "%s", store_message(s));
  store_close(s);
  return code != 0;
}

/* --- the failures --------------------------------------------------------------------------------- */

struct tally { long done, refused, aborted, wrong, crashed, leaked, large; };

/* Do the job with allocation n failing, in a child; its status. */
static int child(int (*job)(void), long n)
{
  *out = (struct outcome){0};
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    char quiet[128];
    snprintf(quiet, sizeof quiet, "%s/stderr", folder);
    if (!freopen(quiet, "w", stderr) || setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}))
      _exit(9);
    setvbuf(stderr, NULL, _IONBF, 0);
    armed = true, countdown = n, live = 0;
    out->code = job();
    armed = false;
    out->leak = live;
    snprintf(out->message, sizeof out->message, "%s", message);
    _exit(0);
  }
  int status = -1;
  if (pid < 0 || waitpid(pid, &status, 0) != pid)
    tap_bail("no child process");
  return status;
}

/* Did the last child say, before it aborted, that book-keeping found no memory? */
static bool said_no_memory(void)
{
  char path[128], line[256] = "";
  snprintf(path, sizeof path, "%s/stderr", folder);
  FILE *f = fopen(path, "r");
  bool said = f && fgets(line, sizeof line, f) && strstr(line, "out of memory");
  if (f)
    fclose(f);
  return said;
}

static void count(struct tally *t, const char *name, long n, int status)
{
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && said_no_memory()) {
    t->aborted++;
    if (out->size > SMALL) {
      t->large++;
      tap_diag("%s: allocation %ld of %zu bytes ended in an abort", name, n, out->size);
    }
  } else if (!WIFEXITED(status) || WEXITSTATUS(status)) {
    t->crashed++;
    tap_diag("%s: allocation %ld: wait status %d", name, n, status);
  } else {
    t->done += out->code == 0;
    t->refused += out->code == 1;
    if (out->code == 2 || (out->code && !*out->message)) {
      t->wrong++;
      tap_diag("%s: allocation %ld (%zu bytes): \"%s\"", name, n, out->size, out->message);
    }
    if (out->leak) {
      t->leaked++;
      tap_diag("%s: allocation %ld (%zu bytes): %ld pieces left", name, n, out->size, out->leak);
    }
  }
}

/* Fail each allocation of a job in turn, every one of the first `dense`, then every seventh. */
static void fail_each(const char *name, int (*job)(void), long dense)
{
  struct tally t = {0};
  long n = 1, tried = 0;
  tap_is_int(job(), 0, "%s: succeeds with memory", name);
  tap_is_int(job(), 0, "%s: and once more", name);
  for (;; n += n < dense ? 1 : 7, tried++) {
    int status = child(job, n);
    if (WIFEXITED(status) && !out->reached)
      break;
    count(&t, name, n, status);
  }
  tap_diag("%s: %ld of about %ld allocations failed in turn: %ld refused, %ld done all the same, %ld ended by the abort of book-keeping",
           name, tried, n - 1, t.refused, t.done, t.aborted);
  tap_is_int(t.crashed, 0, "%s: no failed allocation crashes it", name);
  tap_is_int(t.large, 0, "%s: what is larger than book-keeping does not abort", name);
  tap_is_int(t.wrong, 0, "%s: what it refuses is for want of memory, with a message", name);
  tap_is_int(t.leaked, 0, "%s: nothing is left behind", name);
}

/* --- set up ---------------------------------------------------------------------------------------- */

static struct object made(enum kind kind, const char *id, const struct named_value *v, size_t n)
{
  struct object o;
  struct err e;
  if (registry_object(&o, kind, id, v, n, &e))
    tap_bail("%s", e.message);
  return o;
}

static void minimize_each(void)
{
  static const char *const pairs[][2] = {{"logistic-regression", "saga"},  {"logistic-regression", "svrg-bb"}, {"squared-hinge", "dual-coordinate"},
                                         {"softmax-regression", "lbfgs"},  {"squared-hinge", "ai-sarah"},      {"matrix-sensing", "stochastic"},
                                         {"quadratic", "newton-cg"},       {"diagonal-linear-net", "lbfgs"},   {"l1-regression", "prox-linear"},
                                         {"least-squares", "prox-point"},  {"logistic-regression", "sarah"},   {"quadratic", "interpolation-asgd"},
                                         {"quadratic", "gradient-descent"}};
  for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) {
    char *name = xasprintf("%s by %s", pairs[k][0], pairs[k][1]);
    objective_id = pairs[k][0], minimizer_id = pairs[k][1];
    fail_each(name, minimize, 1000);
    free(name);
  }
}

static void set_up(void)
{
  char path[128];
  const double hidden[] = {12};
  snprintf(folder, sizeof folder, "/tmp/assay-memory-XXXXXX");
  out = mmap(NULL, sizeof *out, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (!mkdtemp(folder) || out == MAP_FAILED)
    tap_bail("no temporary folder");
  snprintf(path, sizeof path, "%s/few.csv", folder);
  FILE *f = fopen(path, "w");
  for (int i = 0; f && i < 40; i++)
    fprintf(f, "%d,%g,%s\n", i, i / 3.0, i % 2 ? "odd" : "even");
  if (!f || fclose(f))
    tap_bail("%s cannot be written", path);
  fixture_make(&few, 5, 32, 8, 8, 4, 3, 0);
  struct named_value width = set_list("hidden", hidden, 1), peak = set_real("peak", 0.1);
  model = made(KIND_MODEL, "mlp", &width, 1);
  loss = made(KIND_LOSS, "cross-entropy", NULL, 0);
  sampler = made(KIND_SAMPLER, "random-reshuffling", NULL, 0);
  optimizer = made(KIND_OPTIMIZER, "adam", NULL, 0);
  schedule = made(KIND_SCHEDULE, "cosine", &peak, 1);
  average = made(KIND_AVERAGE, "ema", NULL, 0);
}

static void tear_down(void)
{
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  if (system(command) != 0)
    tap_diag("could not remove %s", folder);
  object_free(&model), object_free(&loss), object_free(&sampler);
  object_free(&optimizer), object_free(&schedule), object_free(&average);
  fixture_free(&few);
  munmap(out, sizeof *out);
}

/* After all those failures the store is whole and holds the run of before them. */
static void test_store_survives(void)
{
  struct store *s;
  struct store_check check;
  struct store_query *q;
  bool row = false;
  char path[128];
  snprintf(path, sizeof path, "%s/runs.db", folder);
  if (store_open(&s, path, STORE_WRITE, message, sizeof message))
    tap_bail("%s", message);
  tap_ok(store_integrity(s, true, &check) == STORE_OK && check.ok, "the store passes SQLite's integrity check");
  if (store_query_open(&q, s, "SELECT min(id), count(*) FROM runs WHERE status = 'done' AND id <= 2", NULL) || store_query_next(q, &row) || !row)
    tap_bail("%s", store_message(s));
  tap_is_int(store_query_cell(q, 1).i, 2, "and its first two runs are done still");
  store_query_close(q);
  store_close(s);
}

int main(void)
{
  if (!TAKES_PART) {
    tap_skip(1, "the sanitizer has an allocator of its own");
    return tap_done();
  }
  set_up();
  fail_each("a schedule's parameters", parse, 1000);
  fail_each("a CSV file", load_csv, 1000);
  fail_each("a Gaussian mixture", load_mixture, 1000);
  fail_each("laying out an mlp", build, 1000);
  minimize_each();
  fail_each("a training of three replicas", train, 1000);
  fail_each("a run in the store", add_run, 40);
  test_store_survives();
  tear_down();
  return tap_done();
}
