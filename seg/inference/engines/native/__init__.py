"""FC-DenseNet on the CPU in this package's own kernels, written in C."""
