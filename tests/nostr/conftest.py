"""The same sites as for Lightning logins."""

from __future__ import annotations

from tests.lnurl.conftest import make_site, migrated_url, open_sites, site

__all__ = ["make_site", "migrated_url", "open_sites", "site"]
