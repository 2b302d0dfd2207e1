"""What the local Discord knows: its records, ids, links, files and clock, and the errors and faults it answers with."""
