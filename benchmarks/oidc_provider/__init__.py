"""Beside npm ``oidc-provider``: the same requests to both in turn, so that what is compared was measured together."""
