"""One file per change, named by date."""
