"""The pictures of the documents, each made by the emulated board itself: `make pictures`."""
