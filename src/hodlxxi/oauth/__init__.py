"""The OAuth 2.1 and OpenID Connect provider: apps send their users here and get standard tokens back."""
