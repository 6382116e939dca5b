"""A picture in, labels out: scale, tile, run, blend. What a network is made of stands in `seg.anatomy`."""
