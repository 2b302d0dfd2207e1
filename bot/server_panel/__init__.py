"""The panel of `/server settings`, a file for each of its pages: what is set for a server, with what changes it."""
