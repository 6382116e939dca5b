"""How weights are made: recipes, data, runs, batches of runs, live runs. Losses stand in `seg.losses`."""
