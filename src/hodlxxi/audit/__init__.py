"""What happened, kept for ever: append-only, written in the same transaction as what it tells of."""
