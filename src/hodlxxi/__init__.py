"""HODLXXI: a self-hosted identity server where a Bitcoin key is the account."""

__version__ = "0.1.0"
