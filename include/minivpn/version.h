/* The version of minivpn, as `minivpn --version` prints it; CMake reads it from here. */
#ifndef MINIVPN_VERSION_H
#define MINIVPN_VERSION_H

#define MINIVPN_VERSION "0.1.0"

#endif
