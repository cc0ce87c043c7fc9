"""What can go wrong while drawing, each with a sentence for whoever asked."""


class RequestError(ValueError):
    """The request cannot be drawn: the sentence says what was expected and what came."""


class CancelledError(Exception):
    """Whoever asked went away."""


class ModelError(RuntimeError):
    """The model folder cannot be used, or the networks gave something that is no picture."""


class NotEnoughMemoryError(ModelError):
    """The model does not fit on the device: the sentence says what would."""
