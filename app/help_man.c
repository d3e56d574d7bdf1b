/* help_man.c: the man page in roff, from the command table. Written at build time by `assay help --man`. */
#include <string.h>

#include "app/app.h"
#include "app/help.h"

/* Text with roff's special characters made plain. A dot or quote at a line's start is guarded. */
static void put(FILE *to, const char *s)
{
  bool start = true;
  for (; *s; s++) {
    if (start && (*s == '.' || *s == '\''))
      fputs("\\&", to);
    start = *s == '\n';
    switch (*s) {
    case '\\': fputs("\\e", to); break;
    case '-': fputs("\\-", to); break;
    case '\'': fputs("\\(aq", to); break;
    default: putc(*s, to);
    }
  }
}

static void put_option(FILE *to, const struct option_row *r)
{
  fputs(".TP\n", to);
  if (r->letter)
    fprintf(to, "\\fB\\-%c\\fR, ", r->letter);
  fputs("\\fB\\-\\-", to);
  put(to, r->name);
  fputs("\\fR", to);
  if (r->arg)
    fprintf(to, " \\fI%s\\fR", r->arg);
  putc('\n', to);
  put(to, r->doc);
  fputs(r->repeat ? " (may be repeated)\n" : "\n", to);
}

static void put_command(FILE *to, const struct command *c)
{
  fputs(".SS assay ", to);
  put(to, c->name);
  putc(' ', to);
  put(to, c->usage ? c->usage : "");
  putc('\n', to);
  put(to, c->summary);
  fputs(".\n", to);
  if (c->help) {
    fputs(".PP\n.nf\n", to);
    put(to, c->help);
    if (c->help[strlen(c->help) - 1] != '\n')
      putc('\n', to);
    fputs(".fi\n", to);
  }
  for (const struct option_row *r = c->options; r && r->name; r++)
    put_option(to, r);
}

void help_man_page(FILE *to)
{
  fprintf(to, ".TH ASSAY 1 \"\" \"assay %s\" \"User Commands\"\n", ASSAY_VERSION);
  fputs(".SH NAME\nassay \\- a terminal laboratory for learning theory\n"
        ".SH SYNOPSIS\n.B assay\n[\\fB\\-\\-db\\fR \\fIFILE\\fR] \\fICOMMAND\\fR [\\fIOPTION\\fR...] [\\fIWORD\\fR...]\n"
        ".SH DESCRIPTION\n"
        "A user writes one short Lua script to compare learning\\-rate schedules, pruning metrics or\n"
        "generalization bounds; C kernels do the work; every run lands in one SQLite file; the same program\n"
        "lists, plots, compares and queries what was run.\n"
        ".SH COMMON OPTIONS\n", to);
  for (const struct option_row *r = common_options; r->name; r++)
    put_option(to, r);
  fputs(".SH COMMANDS\n", to);
  for (size_t i = 0; i < command_count(); i++)
    put_command(to, command_at(i));
  fputs(".SH EXIT STATUS\n.TP\n0\ndone\n.TP\n1\na run failed (diff: the runs differ)\n.TP\n2\nusage or trouble\n"
        ".TP\n129, 130, 143\nstopped by SIGHUP, SIGINT, SIGTERM; finished runs are kept\n"
        ".SH ENVIRONMENT\n.TP\nASSAY_DB\nthe store, when \\-\\-db is absent\n.TP\nASSAY_LUA_MEMORY\nMB that Lua may use; "
        "default: half the machine, at most 8192\n.TP\nNO_COLOR\nno colours when set and not empty\n"
        ".TP\nCOLORTERM\ntruecolor or 24bit: exact colours, also where the terminal does not answer\n"
        ".SH FILES\n.TP\nassay.db\nthe store in the working directory\n"
        ".TP\n~/.local/state/assay/history\nwhat was typed at the prompt\n"
        ".SH SEE ALSO\nsqlite3(1)\n", to);
}
