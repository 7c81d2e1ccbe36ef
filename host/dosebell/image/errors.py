"""What can go wrong while an image is built, as one sentence for the person who types `make image`."""


class ImageError(Exception):
    """The image cannot be built; the text says why and, where it can be said, what to do."""


class BoardError(ImageError):
    """A board file, or the list of pinned MicroPythons, is wrong; the text names file, key and reason."""
