"""The database's history. Run by ``hodlxxi migrate``, and at the start on the embedded default."""
