"""What the provider decides, without any I/O: the time, the rows and the request are arguments."""
