"""OpenVINO on the CPU: networks converted, rewritten, compiled and run."""
