"""The door of the daemon, its operators and what a person types."""
