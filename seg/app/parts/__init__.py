"""What one page is made of, a file each. What several pages share stands one folder up; nothing here computes."""
