/* listing_int.h: what the files of the listing share. */
#ifndef ASSAY_LISTING_INT_H
#define ASSAY_LISTING_INT_H

#include "app/listing.h"

/* What was asked for and what is usual, into the rows; `keys` are sorted by importance. EXIT_DONE, or a message has been printed. */
int listing_load_results(struct listing *l, struct app *app, struct store *s, const struct listing_ask *ask, struct names *keys);
/* A run's note, as a cell, to those of its row: each text once, joined by " | ". */
void listing_add_note(struct listing_row *r, struct store_cell note);
/* The tags of all chosen runs to their rows. EXIT_DONE, or a message has been printed. */
int listing_load_tags(struct listing *l, struct app *app, struct store *s);
void listing_free_labels(struct listing_row *r);

#endif
