"""What weight sets there are: their records, their files and what one compares. Nothing here runs one."""
