/* tap.h: a small producer of the Test Anything Protocol (version 12/13) for C tests.
 *
 * Each file plans its count (tap_plan) or ends with tap_done(), which prints the plan last. A failing
 * comparison prints what was seen, what was expected, the error and the tolerance. */
#ifndef ASSAY_TAP_H
#define ASSAY_TAP_H

#include <stdbool.h>
#include <stddef.h>

void tap_plan(int n);
int tap_done(void); /* returns the exit code: 0 when everything passed and the plan was met */
bool tap_ok(bool passed, const char *name, ...) __attribute__((format(printf, 2, 3)));
bool tap_is_int(long long seen, long long expected, const char *name, ...) __attribute__((format(printf, 3, 4)));
bool tap_is_str(const char *seen, const char *expected, const char *name, ...) __attribute__((format(printf, 3, 4)));
/* |seen - expected| <= abs_tol + rel_tol * |expected|; NaN equals NaN only. */
bool tap_near(double seen, double expected, double rel_tol, double abs_tol, const char *name, ...) __attribute__((format(printf, 5, 6)));
bool tap_same_bits(const void *seen, const void *expected, size_t size, const char *name, ...) __attribute__((format(printf, 4, 5)));
/* text contains part */
bool tap_has(const char *text, const char *part, const char *name, ...) __attribute__((format(printf, 3, 4)));
void tap_skip(int n, const char *reason, ...) __attribute__((format(printf, 2, 3)));
void tap_diag(const char *format, ...) __attribute__((format(printf, 1, 2)));
void tap_bail(const char *reason, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
