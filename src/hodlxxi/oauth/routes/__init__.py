"""The provider's edge: parse, one use case, render."""
