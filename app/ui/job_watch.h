/* job_watch.h: one experiment that was started here, as it goes: how far, what each worker does, what it has said. */
#ifndef ASSAY_UI_JOB_WATCH_H
#define ASSAY_UI_JOB_WATCH_H

#include "app/ui/ui_jobs.h"

void job_watch_draw(const struct job *job, struct plot_grid *g, struct area a);
/* Start a job that has ended again; finished runs are kept, so that this goes on where it stopped. Returns its number. */
int job_resume(struct jobs *j, const struct job *job);

#endif
