"""What can be taken along: files, links, reports, sheets."""
