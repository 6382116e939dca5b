"""OpenVINO on the CPU: networks converted, rewritten, compiled and run. What labels they give is decided elsewhere."""
