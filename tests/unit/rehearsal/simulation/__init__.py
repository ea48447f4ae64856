"""What runs are made of: ways to the gateways, the daemon's process, what is kept of a seed."""
