"""What people take along, as HTML that stands alone: handouts, reports, and the figure of a notebook."""
