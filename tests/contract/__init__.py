"""The wire: each device map byte for byte, against golden frames written by hand.

Frames are written by hand and not by our own encoder, or both sides could be wrong together. What
foreign clients read stands in tests/integration. The words a scenario may use are held to the plant
here as well, and the settings a site may make to the controllers.
"""
