"""Measurements, one command each. The server and the load run in processes of their own, on a core each."""
