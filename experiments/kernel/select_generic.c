/* select_generic.c: select_body.inc.c for any processor. */
#include "experiments/kernel/select_int.h"

#define NAME select_generic
#include "experiments/kernel/select_body.inc.c" /* one body, three sets */
