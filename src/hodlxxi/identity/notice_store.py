"""The queries around notices: what was done to an account, told to the sessions that did not do it."""
