"""The parts that run in the browser: HTML, CSS and JavaScript with a Python face."""
