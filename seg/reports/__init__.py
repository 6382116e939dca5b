"""Results as self-contained HTML, for notebooks and for people who have no app. Nothing here measures."""
