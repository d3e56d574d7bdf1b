/* help.c: help texts and the version, from the command table alone. Examples come first. */
#include "app/help.h"

#include <string.h>

#include "app/app.h"

void help_version(FILE *to) { fprintf(to, "assay %s\n", ASSAY_VERSION); }

void help_program(FILE *to)
{
  fputs("assay: a terminal laboratory for learning theory\n\n"
        "Examples:\n"
        "  assay run experiments/compare/schedules.lua --jobs 2   run an experiment into assay.db\n"
        "  assay ls                                               what was run, grouped over seeds\n"
        "  assay query 'select * from runs'                       read-only SQL\n"
        "  assay repl -e 'assay.schedule(\"cosine\", {steps=100}):at(50)'\n\n"
        "Usage: assay [--db FILE] COMMAND [OPTION…] [WORD…]\n\n"
        "Commands:\n", to);
  for (size_t i = 0; i < command_count(); i++)
    fprintf(to, "  %-9s %s\n", command_at(i)->name, command_at(i)->summary);
  fputs("\n'assay COMMAND --help' explains a command.\n"
        "Exit codes: 0 done, 1 a run failed (diff: differs), 2 usage or trouble, 130 interrupted.\n", to);
}

/* "  -j, --jobs N        doc" */
static void print_option(FILE *to, const struct option_row *r)
{
  char left[80];
  snprintf(left, sizeof left, "%c%c%s --%s%s%s", r->letter ? '-' : ' ', r->letter ? r->letter : ' ',
           r->letter ? "," : " ", r->name, r->arg ? " " : "", r->arg ? r->arg : "");
  if (strlen(left) <= 24)
    fprintf(to, "  %-24s %s%s\n", left, r->doc, r->repeat ? " (may be repeated)" : "");
  else
    fprintf(to, "  %s\n  %-24s %s%s\n", left, "", r->doc, r->repeat ? " (may be repeated)" : "");
}

void help_command(FILE *to, const struct command *c)
{
  fprintf(to, "assay %s: %s\n\n", c->name, c->summary);
  if (c->help)
    fprintf(to, "%s%s\n", c->help, c->help[strlen(c->help) - 1] == '\n' ? "" : "\n");
  fprintf(to, "Usage: assay %s %s\n\nOptions:\n", c->name, c->usage ? c->usage : "");
  for (const struct option_row *r = c->options; r && r->name; r++)
    print_option(to, r);
  for (const struct option_row *r = common_options; r->name; r++)
    print_option(to, r);
}
