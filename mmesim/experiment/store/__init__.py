"""The store of a sweep: finished replications, found by what they depend on."""
