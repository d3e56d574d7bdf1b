/* background.h: is the terminal light or dark? Asked of the terminal where it can be, else of its environment. */
#ifndef ASSAY_BACKGROUND_H
#define ASSAY_BACKGROUND_H

enum background { BACKGROUND_UNKNOWN, BACKGROUND_DARK, BACKGROUND_LIGHT };

/* $COLORFGBG, "15;0" or "0;default;15", as rxvt, Konsole and others set it: the last number is that of the background
 * among the 16 basic colours. */
enum background background_of_environment(const char *colorfgbg); /* NULL: unknown */
/* The answer to OSC 11 (xterm), without its frame: "11;rgb:ffff/ffff/dddd", one to four digits a channel. */
enum background background_of_answer(const char *answer);

#endif
