"""Files that are taken, and files that are refused by line."""
