"""Running it: health, metrics, the sweeper of what has expired, and the pages about the server itself."""
