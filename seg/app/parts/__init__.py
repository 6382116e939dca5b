"""What the pages are made of, one file a part."""
