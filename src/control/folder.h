/*
 * Where a program keeps what others look for: in the system's folder, or, where it may not write
 * there, in that of its user (XDG Base Directory Specification). Looks at the environment and at
 * the file system; one thread, before others run.
 */
#ifndef MV_CONTROL_FOLDER_H
#define MV_CONTROL_FOLDER_H

/* A socket's path has little room. */
#define MV_FOLDER_RUNTIME_MAX 80
#define MV_FOLDER_STATE_MAX   192

/*
 * For "/run/NAME": this if files can be made there, or the folder itself; else
 * $XDG_RUNTIME_DIR/NAME if that is so there; else "/run/NAME" all the same, so that whoever uses it
 * learns why he cannot, and so where no folder but something else has that name. Makes nothing.
 * Returns `path`.
 */
const char *mv_folder_runtime(char path[static MV_FOLDER_RUNTIME_MAX], const char *system);

/*
 * The same for "/var/lib/NAME": $XDG_STATE_HOME/NAME, or without that variable
 * $HOME/.local/state/NAME, whose folders up to the last are made if they are missing.
 */
const char *mv_folder_state(char path[static MV_FOLDER_STATE_MAX], const char *system);

#endif
