/* help_bash.c: bash completion from the command table. Written at build time by
 * `assay help --bash-completion`. Names of runs, metrics, papers and methods are asked of the program itself; they
 * never pass through `compgen -W`, which would run a $(command) that somebody has hidden in a name. */
#include <string.h>

#include "app/app.h"
#include "app/help.h"

/* The shell words that complete a value described by option_row.complete. */
static void put_completion(FILE *to, const char *what)
{
  if (!what)
    fputs("COMPREPLY=()", to);
  else if (strcmp(what, "file") == 0)
    fputs("mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")", to);
  else if (strcmp(what, "experiment") == 0)
    fputs("_assay_query 'select distinct experiment from runs'", to);
  else if (strcmp(what, "run") == 0)
    fputs("_assay_query 'select id from runs order by id desc limit 200'", to);
  else if (strcmp(what, "metric") == 0)
    fputs("_assay_query 'select name from metric_key'", to);
  else if (strcmp(what, "result") == 0)
    fputs("_assay_query 'select distinct key from result'", to);
  else if (strcmp(what, "method") == 0)
    fputs("_assay_lines help --kinds --methods", to);
  else if (strcmp(what, "paper") == 0)
    fputs("_assay_lines papers --ids", to);
  else if (strcmp(what, "command") == 0)
    fputs("_assay_words $commands", to);
  else
    fprintf(to, "_assay_words %s", what);
}

static void put_option_words(FILE *to, const struct option_row *r)
{
  for (; r && r->name; r++)
    fprintf(to, "--%s ", r->name);
}

static void put_option_values(FILE *to, const char *command, const struct option_row *r)
{
  for (; r && r->name; r++) {
    if (!r->arg)
      continue;
    fprintf(to, "    %s:--%s", command, r->name);
    if (r->letter)
      fprintf(to, "|%s:-%c", command, r->letter);
    fputs(") ", to);
    put_completion(to, r->complete);
    fputs("; return ;;\n", to);
  }
}

void help_bash_completion(FILE *to)
{
  fputs("# bash completion for assay, generated from its command table\n"
        "_assay_words() { local w; COMPREPLY=(); for w; do [[ $w == \"$cur\"* ]] && COMPREPLY+=(\"$w\"); done; }\n"
        "_assay_lines() { local lines; mapfile -t lines < <(assay \"$@\" 2>/dev/null); _assay_words \"${lines[@]}\"; }\n"
        "_assay_query() {\n"
        "  local lines; mapfile -t lines < <(assay query \"${db[@]}\" --format tsv \"$1\" 2>/dev/null | tail -n +2)\n"
        "  _assay_words \"${lines[@]}\"\n"
        "}\n"
        "_assay() {\n"
        "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= i commands=\"", to);
  for (size_t i = 0; i < command_count(); i++)
    fprintf(to, "%s%s", i ? " " : "", command_at(i)->name);
  fputs("\"\n"
        "  local -a db=()\n"
        "  [[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD-2]}\n" /* --format=csv comes as three words */
        "  [[ $cur == = ]] && cur=\n"
        "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "    case ${COMP_WORDS[i]} in\n"
        "      --db|--color)\n"
        "        [[ ${COMP_WORDS[i+1]} == = ]] && set -- 2 || set -- 1\n"
        "        [[ ${COMP_WORDS[i]} == --db ]] && ((i + $1 < COMP_CWORD)) && db=(--db \"${COMP_WORDS[i+$1]}\")\n"
        "        ((i += $1)) ;;\n"
        "      -*) ;;\n"
        "      *) : \"${command:=${COMP_WORDS[i]}}\" ;;\n"
        "    esac\n"
        "  done\n"
        "  case $command:$prev in\n", to);
  put_option_values(to, "*", common_options);
  for (size_t i = 0; i < command_count(); i++)
    put_option_values(to, command_at(i)->name, command_at(i)->options);
  fputs("  esac\n  case $command:$cur in\n    :-*) _assay_words ", to);
  put_option_words(to, common_options);
  fputs(";;\n    :*) _assay_words $commands ;;\n", to);
  for (size_t i = 0; i < command_count(); i++) {
    const struct command *c = command_at(i);
    fprintf(to, "    %s:-*) _assay_words ", c->name);
    put_option_words(to, c->options);
    put_option_words(to, common_options);
    fprintf(to, ";;\n    %s:*) ", c->name);
    put_completion(to, c->words);
    fputs(" ;;\n", to);
  }
  fputs("  esac\n}\ncomplete -o filenames -F _assay assay\n", to);
}
