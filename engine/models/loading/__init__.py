"""From files to a pipeline on a device: precision, offloading, and who is to blame when it fails."""
