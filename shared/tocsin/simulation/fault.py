"""What a simulation looks for."""


class Fault(AssertionError):
    """Something that must hold did not; says which law, and by what."""
