"""Until when a site suffices: assumptions, lines, dates, and the command."""
