"""Builds what is copied to a board: functions for tests and `dosebell sim`; `make image` from the command line."""

from dosebell.image.build import ImageInfo, build_image, build_uf2
from dosebell.image.errors import BoardError, ImageError
from dosebell.image.uf2 import flash_contents

__all__ = ["BoardError", "ImageError", "ImageInfo", "build_image", "build_uf2", "flash_contents"]
