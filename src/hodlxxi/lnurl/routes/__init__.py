"""The Lightning login over HTTP: for wallets, for programs, and for people."""
