/* paths.h: where the program finds its own files and keeps the user's. */
#ifndef ASSAY_APP_PATHS_H
#define ASSAY_APP_PATHS_H

/* …/share/assay beside the folder of the running binary; NULL when it is not there. Caller frees. */
char *path_share_dir(void);
/* $XDG_STATE_HOME/assay (default ~/.local/state/assay), made if absent; NULL without a home. Caller frees. */
char *path_state_dir(void);
/* $XDG_CONFIG_HOME/assay (default ~/.config/assay), not made; NULL without a home. Caller frees. */
char *path_config_dir(void);

#endif
