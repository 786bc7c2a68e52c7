"""Who is asking: challenges, sign-in by signed message, sessions, keys and users."""
