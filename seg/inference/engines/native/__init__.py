"""FC-DenseNet on the CPU in this package's own kernels, written in C. Other networks run in the engines beside it."""
