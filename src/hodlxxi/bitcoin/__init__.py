"""Pure keys, signatures and encodings. No I/O, no clock, no settings."""
