"""The interlocks: every row by a minimal case in which it alone refuses, and what they all keep."""
