/* help.h: every text that is derived from the command table: help, man page, bash completion. */
#ifndef ASSAY_APP_HELP_H
#define ASSAY_APP_HELP_H

#include <stdio.h>

struct command;

void help_program(FILE *to);                           /* assay --help */
void help_command(FILE *to, const struct command *c);  /* assay COMMAND --help */
void help_version(FILE *to);
void help_man_page(FILE *to);                          /* roff, section 1 */
void help_bash_completion(FILE *to);

#endif
