//! Commands: compose the parts, parse the command line, choose exit codes.
