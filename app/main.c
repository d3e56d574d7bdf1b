/* main.c: where the process begins; everything else can be linked into tests. */
#include "app/app.h"

int main(int argc, char **argv) { return program_main(argc, argv); }
