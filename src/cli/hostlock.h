/*
 * Who works on a device, or chooses a mark, has a lock meanwhile, in /run/minivpn: so two of them
 * never undo what the other one does. Any thread.
 */
#ifndef MV_CLI_HOSTLOCK_H
#define MV_CLI_HOSTLOCK_H

#include "control/folder.h"

/* That, or, of a user who may not write there, $XDG_RUNTIME_DIR/minivpn. Returns `path`. */
const char *mv_hostlock_folder(char path[static MV_FOLDER_RUNTIME_MAX]);

/* -errno. */
int mv_hostlock_make_folder(void);

/* That of whoever brings a device up or down: a descriptor, to be closed. Waits so many seconds for
 * it: -EAGAIN. Other -errno. */
int mv_hostlock_device(const char *device, unsigned limit_s);

/* The same for those who choose a mark, from the look at what there is to the record of it. */
int mv_hostlock_marks(unsigned limit_s);

#endif
