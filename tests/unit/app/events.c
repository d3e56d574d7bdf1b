/* events.c: the records of workers survive any cut and refuse any damage. */
#include "app/jobs/events.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/jobs/worker.h"
#include "tests/tap.h"

static void fill(struct event_buffer *b)
{
  event_put_key(b, 0, "loss");
  event_put_start(b, 7);
  event_put_metric(b, 7, 0, 1, 0.5);
  event_put_metric(b, 7, 0, -2, NAN);
  event_put_metric(b, 7, 0, INT64_MAX, INFINITY);
  event_put_number(b, 7, "error", 0.125);
  event_put_text(b, 7, "note", "d\xc3\xa9j\xc3\xa0 vu");
  event_put_message(b, 7, "half way");
  event_put_progress(b, 7, 0.5);
  event_put_metric(b, 7, 0, 3, 1.5);
  event_put_end(b, 7, 5, 1.25, 1.0, 4096, "diverged at step 3");
  event_put_task_end(b, 0, "");
  event_put_artifact(b, 7, "mask 1", "mask", "a\0b", 3);
  event_put_artifact(b, 7, "none", "text", NULL, 0);
}

/* What was decoded, as text. */
static void describe(const struct event *e, char *out, size_t size)
{
  size_t n = strlen(out);
  n += (size_t)snprintf(out + n, size - n, "%d:%u:%s:%s:%g", (int)e->kind, e->run, e->name, e->text, e->value);
  for (size_t i = 0; i < e->n_metrics; i++) {
    struct event_metric m = event_metric_at(e, i);
    n += (size_t)snprintf(out + n, size - n, "|%u %u %lld %g", m.run, m.key, (long long)m.step, m.value);
  }
  for (size_t i = 0; i < e->n_bytes; i++)
    n += (size_t)snprintf(out + n, size - n, "|%02x", e->bytes[i]);
  snprintf(out + n, size - n, ";");
}

/* Decode a stream that arrives in pieces of `piece` bytes. */
static int decode_in_pieces(const struct event_buffer *b, size_t piece, char *out, size_t size)
{
  size_t at = 0, have = 0, used;
  struct event e;
  out[0] = '\0';
  while (have < b->used) {
    have = have + piece < b->used ? have + piece : b->used;
    for (int got; (got = event_decode(b->bytes + at, have - at, &e, &used)) != 0; at += used) {
      if (got < 0)
        return -1;
      describe(&e, out, size);
    }
  }
  return at == b->used ? 1 : 0;
}

static void test_round_trip(void)
{
  struct event_buffer b = {0};
  char whole[2048], cut[2048];
  fill(&b);
  tap_is_int(decode_in_pieces(&b, b.used, whole, sizeof whole), 1, "a stream decodes to its end");
  tap_is_str(whole,
             "1:0:loss::0;2:7:::0;3:0:::0|7 0 1 0.5|7 0 -2 nan|7 0 9223372036854775807 inf;4:7:error::0.125;"
             "5:7:note:d\xc3\xa9j\xc3\xa0 vu:0;6:7::half way:0;7:7:::0.5;3:0:::0|7 0 3 1.5;8:7::diverged at step 3:0;9:0:::0;"
             "10:7:mask 1:mask:0|61|00|62;10:7:none:text:0;",
             "every record says what was put in");
  bool same = true;
  for (size_t piece = 1; piece <= b.used; piece++)
    same = same && decode_in_pieces(&b, piece, cut, sizeof cut) == 1 && strcmp(whole, cut) == 0;
  tap_ok(same, "the same stream in pieces of any size says the same");
  event_buffer_free(&b);
}

static void test_damage(void)
{
  unsigned seed = (unsigned)time(NULL);
  struct event_buffer b = {0};
  char out[4096];
  fill(&b);
  tap_diag("seed %u", seed);
  srand(seed);
  unsigned char *damaged = malloc(b.used);
  for (int round = 0; round < 20000; round++) { /* under the sanitizers, a read out of bounds ends the test */
    memcpy(damaged, b.bytes, b.used);
    for (int flips = 1 + rand() % 4; flips; flips--)
      damaged[(size_t)rand() % b.used] = (unsigned char)rand();
    struct event_buffer d = {.bytes = damaged, .used = b.used};
    decode_in_pieces(&d, 1 + (size_t)rand() % b.used, out, sizeof out);
  }
  tap_ok(true, "20000 damaged streams are read without leaving them");

  struct event e;
  size_t used;
  uint32_t head[2] = {4, 99};
  tap_is_int(event_decode((unsigned char *)head, sizeof head, &e, &used), -1, "an unknown kind is refused");
  head[0] = EVENT_PAYLOAD_MAX + 1, head[1] = EVENT_START;
  tap_is_int(event_decode((unsigned char *)head, sizeof head, &e, &used), -1, "an absurd size is refused");
  uint32_t text[3] = {4, EVENT_TASK_END, 0};
  tap_is_int(event_decode((unsigned char *)text, sizeof text, &e, &used), -1, "a record without its text is refused");
  uint32_t open[4] = {8, EVENT_TASK_END, 0, 0x41414141};
  tap_is_int(event_decode((unsigned char *)open, sizeof open, &e, &used), -1, "a text without an end is refused");
  uint32_t block[4] = {8, EVENT_METRICS, 0, 0};
  tap_is_int(event_decode((unsigned char *)block, sizeof block, &e, &used), -1, "a metric block of odd size is refused");
  uint32_t tail[4] = {8, EVENT_START, 0, 0};
  tap_is_int(event_decode((unsigned char *)tail, sizeof tail, &e, &used), -1, "a record with bytes left over is refused");
  free(damaged);
  event_buffer_free(&b);
}

/* Read all that a sender wrote and count its metric values. */
static size_t count_metrics(int fd)
{
  static unsigned char bytes[1 << 20];
  size_t have = 0, count = 0, at, used;
  struct event e;
  ssize_t n;
  while ((n = read(fd, bytes + have, sizeof bytes - have)) > 0) {
    have += (size_t)n;
    for (at = 0; event_decode(bytes + at, have - at, &e, &used) > 0; at += used)
      count += e.n_metrics;
    memmove(bytes, bytes + at, have - at);
    have -= at;
  }
  return have ? 0 : count;
}

static void test_sender(void)
{
  int fds[2];
  if (pipe(fds) != 0)
    tap_bail("no pipe");
  pid_t pid = fork();
  if (pid == 0) {
    close(fds[0]);
    struct event_sender *s = event_sender_new(fds[1]);
    struct run_sink sink = event_sender_sink(s);
    char key[16];
    sink.start(sink.self, 0);
    for (int i = 0; i < 300000; i++) {
      snprintf(key, sizeof key, "key%d", i % 200);
      sink.metric(sink.self, 0, key, i, i);
    }
    sink.end(sink.self, 0, STATUS_OK, NULL, 1, 1);
    event_sender_free(s);
    _exit(0);
  }
  close(fds[1]);
  tap_is_int((long long)count_metrics(fds[0]), 300000, "a sender loses nothing of 300000 values of 200 keys");
  close(fds[0]);
}

static void test_sender_is_prompt(void)
{
  int fds[2];
  unsigned char bytes[4096];
  if (pipe(fds) != 0)
    tap_bail("no pipe");
  struct event_sender *s = event_sender_new(fds[1]);
  struct run_sink sink = event_sender_sink(s);
  sink.metric(sink.self, 0, "loss", 1, 0.5);
  struct timespec begin, end;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  ssize_t n = read(fds[0], bytes, sizeof bytes);
  clock_gettime(CLOCK_MONOTONIC, &end);
  double waited = (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec);
  tap_ok(n > 0 && waited < 1, "a lone value is sent within a second, though nothing follows it");
  event_sender_free(s);
  close(fds[0]);
  close(fds[1]);
}

int main(void)
{
  test_round_trip();
  test_damage();
  test_sender();
  test_sender_is_prompt();
  return tap_done();
}
