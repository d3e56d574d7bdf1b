/* text.c: nothing in a text can command the terminal, and widths are those of the terminal. */
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "tests/tap.h"

static void is_safe(const char *in, bool lines, const char *expected, const char *name)
{
  char *out = text_safe(in, lines);
  tap_is_str(out, expected, "%s", name);
  free(out);
}

int main(void)
{
  is_safe("plain \xc3\xa9\xe4\xb8\xad", false, "plain \xc3\xa9\xe4\xb8\xad", "plain text and UTF-8 pass");
  is_safe("a\x1b[31mb", false, "a\\x1b[31mb", "an escape sequence is shown, not obeyed");
  is_safe("a\x7f", false, "a\\x7f", "DEL is shown");
  is_safe("a\xc2\x9b" "31m", false, "a\\u009b31m", "C1 controls are shown");
  is_safe("a\xe2\x80\xae" "b", false, "a\\u202eb", "a bidi override is shown");
  is_safe("a\xe2\x81\xa6" "b", false, "a\\u2066b", "a bidi isolate is shown");
  is_safe("a\xff\xc3", false, "a\\xff\\xc3", "bytes that are no UTF-8 are shown");
  is_safe("a\nb\tc\r", false, "a\\nb\\tc\\r", "line ends are shown in one-line texts");
  is_safe("a\nb\tc\r", true, "a\nb\tc\\r", "newline and tab pass in texts of lines");
  tap_is_int((long long)text_width("abc"), 3, "a letter is one column wide");
  tap_is_int((long long)text_width("\xe4\xb8\xad\xe6\x96\x87"), 4, "a Chinese character is two columns wide");
  tap_is_int((long long)text_width("e\xcc\x81"), 1, "a combining accent takes no column");
  static const char pieces[] = "a\xc3\xa9\xe2\xa0\x89\xf0\x9f\x98\x80"; /* characters of 1, 2, 3 and 4 bytes */
  for (size_t n = 0; n <= 10; n++)
    tap_is_int((long long)text_whole(pieces, n), n < 1 ? 0 : n < 3 ? 1 : n < 6 ? 3 : n < 10 ? 6 : 10, "%zu bytes: up to the last whole character", n);
  tap_is_int((long long)text_whole("\x80\x80\x80\x80", 4), 4, "bytes that begin no character are not waited for");
  return tap_done();
}
