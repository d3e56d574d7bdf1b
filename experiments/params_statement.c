/* params_statement.c: the kinds of statement that bounds make, in words. See method.h. */
#include <stddef.h>

#include "experiments/method.h"

struct words { const char *tag, *meaning, *claim; };

static const struct words words[] = {
  [STATEMENT_NONE] = {"", "", ""},
  [STATEMENT_HP] = {"HP",
                    "an upper bound that holds with probability at least 1 - delta over the training sample, if every "
                    "input was computed from that sample and the listed assumptions hold",
                    "bound, assumptions not checked"},
  [STATEMENT_HP_FIXED] = {"HP-fixed",
                          "an upper bound that holds with probability at least 1 - delta, for a hypothesis chosen "
                          "without looking at the evaluation sample",
                          "bound, assumptions not checked"},
  [STATEMENT_E] = {"E",
                   "bounds the expectation of the gap over samples and randomness of the algorithm; it says nothing "
                   "about one run",
                   "in expectation, if the assumptions hold"},
  [STATEMENT_E_EST] = {"E-est",
                       "a bound on the expectation in which a population quantity is replaced by a Monte Carlo "
                       "estimate: read it with its interval",
                       "estimate of a bound in expectation"},
  [STATEMENT_COND] = {"COND", "holds under a condition on the loss that the program cannot verify",
                      "if the assumption holds"},
  [STATEMENT_EST] = {"EST", "estimates the test risk; no one-sided guarantee", "estimate"},
  [STATEMENT_C] = {"C", "a complexity measure that ranks models, with constants dropped; not a bound", "measure"},
};

static const struct words *find(enum statement s)
{
  return (size_t)s < sizeof words / sizeof *words ? &words[s] : &words[STATEMENT_NONE];
}

const char *statement_tag(enum statement s) { return find(s)->tag; }

const char *statement_meaning(enum statement s) { return find(s)->meaning; }

const char *statement_claim(enum statement s, bool assumptions_checked)
{
  if (assumptions_checked && s == STATEMENT_E)
    return "in expectation";
  if (assumptions_checked && s == STATEMENT_HP)
    return "guaranteed";
  /* That training did not touch the evaluation sample can be checked; that nobody chose settings by it cannot. */
  if (assumptions_checked && s == STATEMENT_HP_FIXED)
    return "guaranteed if chosen without these examples";
  return find(s)->claim;
}
