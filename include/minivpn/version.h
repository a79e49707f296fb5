/* The version of minivpn, as `minivpn --version` prints it; CMake reads it from here. */
#ifndef MINIVPN_VERSION_H
#define MINIVPN_VERSION_H

#define MINIVPN_VERSION "0.1.0"

/* When it was made, in seconds since 1970; moves with the version. A clock that shows less is
 * wrong. */
#define MINIVPN_MADE_S 1795564800

#endif
