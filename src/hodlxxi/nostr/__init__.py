"""Signing in with a Nostr key: an event that its browser extension signs (NIP-98 by way of NIP-07) over our challenge."""
