"""The wire: each device map byte for byte, against golden frames written by hand.

Frames come from the maker's manual and not from our own encoder, and foreign clients and servers
are asked too, or both sides could be wrong together.
"""
