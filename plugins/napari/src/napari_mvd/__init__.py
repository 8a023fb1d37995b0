"""napari-mvd: what mvd found on a slide, as napari layers."""
