/* ui_jobs.h: the workbench as an owner of child processes and of background jobs (app/jobs/background.h). */
#ifndef ASSAY_UI_JOBS_H
#define ASSAY_UI_JOBS_H

#include "app/jobs/background.h"
#include "app/ui/ui.h"

struct child_loop ui_child_loop(struct ui *ui);
const struct child_loop *ui_loop(struct ui *ui); /* the one that the frame keeps */
struct jobs *ui_jobs_new(struct ui *ui);
/* The lines above the keys: how many, and drawing them. */
int jobs_lines(const struct jobs *j);
void jobs_draw(const struct jobs *j, struct plot_grid *g, struct area a);

/* Run `assay WORDS…` and take what it prints: done(self, stdout, stderr, exit code) is called in the loop. Returns a handle
 * for child_drop, which kills it and calls nothing; NULL after a complaint. words end with NULL. */
struct child *child_start(struct ui *ui, const char *const *words, void *self,
                          void (*done)(void *self, const char *out, const char *err, int code));

#endif
