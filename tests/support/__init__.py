"""What the tests stand on: real servers, scripted wallets, and a clock that is set by hand."""
