"""The transfer report for people: lines, pages and figures."""
