"""Every query of the provider, built once; rows become the types that the rules speak."""
