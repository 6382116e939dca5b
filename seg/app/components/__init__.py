"""What runs in the browser: HTML, CSS and JavaScript with a Python face. Nothing here knows a page."""
