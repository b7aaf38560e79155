"""Studies: what one measures of a run, or of many."""
