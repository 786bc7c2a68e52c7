"""The command line: ``hodlxxi serve | migrate | doctor | client | key``."""
