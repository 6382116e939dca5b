"""A laboratory for semantic segmentation."""
