"""Output descriptors (BIP-380 to 387, 389), watch-only: what is taken, and the scripts and addresses that they describe."""
