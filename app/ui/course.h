/* course.h: has a metric a course? What is measured once, at the end, is a point and no curve. */
#ifndef ASSAY_UI_COURSE_H
#define ASSAY_UI_COURSE_H

#include "app/reading.h"

enum { COURSE_WANTED = 8 };

/* Of metrics in the order in which they are wanted (at most COURSE_WANTED; NULL: passed over) the first that has a course (three
 * steps or more) in these runs, unless another one has it in more than twice as many of them. A few runs, spread evenly, are looked
 * at. NULL: none has one. */
const char *course_choose(struct app *app, struct store *s, const char *const *wanted, size_t n_wanted, const int64_t *run, size_t n);

#endif
