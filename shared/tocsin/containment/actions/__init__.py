"""Pure: one module an action, found through the lazy registry: what its inputs and states mean."""
