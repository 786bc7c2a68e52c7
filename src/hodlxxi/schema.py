"""Every table of every room, gathered: what migrations and tests compare the database with."""

from __future__ import annotations

import sqlalchemy as sa

from hodlxxi.audit import tables as audit
from hodlxxi.identity import tables as identity
from hodlxxi.kit.db import metadata
from hodlxxi.lnurl import tables as lnurl
from hodlxxi.oauth import tables as oauth

# Importing a room's tables fills the metadata.
ROOMS = (audit, identity, lnurl, oauth)


def all_tables() -> sa.MetaData:
    """The metadata, complete."""
    return metadata
