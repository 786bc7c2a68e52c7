"""Plumbing without product nouns: errors, clock, secrets, database, key-value store, web, logs, metrics."""
