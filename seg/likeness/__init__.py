"""Which data set a picture looks like, or that it is like none. What is in a picture stands in `seg.inference`."""
