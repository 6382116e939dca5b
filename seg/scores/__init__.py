"""How good masks are: against a truth, against each other, over a whole data set. Nothing here trains."""
