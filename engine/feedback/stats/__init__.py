"""Statistics of the feedback log, as plain functions of counts."""
