"""Sign-in with a Lightning wallet (LNURL-auth: LUD-01, LUD-04)."""
